// PriorityClass: how important Pods are, and whether they may push others out.
import { type FieldError, invalidValue } from '../../fields.ts'
import type { PriorityClass } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function validateUpdate(updated: PriorityClass, previous: PriorityClass): FieldError[] {
  return [
    ...(updated.value === previous.value
      ? []
      : [invalidValue('value', updated.value, 'may not be changed in an update.')]),
    ...(updated.preemptionPolicy === previous.preemptionPolicy
      ? []
      : [invalidValue('preemptionPolicy', updated.preemptionPolicy ?? null, 'field is immutable')]),
  ]
}

export const priorityClasses = defineResource<PriorityClass>({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  resource: 'priorityclasses',
  shortNames: ['pc'],
  namespaced: false,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Value', priorityClass => priorityClass.value ?? 0, { type: 'integer' }),
    column('Global-Default', priorityClass => priorityClass.globalDefault ?? false, { type: 'boolean' }),
    ageColumn,
    column('PreemptionPolicy', priorityClass => priorityClass.preemptionPolicy ?? ''),
  ],
  default: priorityClass => {
    priorityClass.value ??= 0
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  validateUpdate,
})
