// PriorityClass: how important Pods are, and whether they may push others out.
import { type FieldError, forbiddenField, invalidValue, notSupported } from '../../fields.ts'
import type { PriorityClass } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

const highestOfUsers = 1_000_000_000

/** Those that every cluster has, by name. */
const systemValues: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

const systemPrefix = 'system-'

/** Why a name of the system's does not go with the rest; undefined: it does. */
function systemProblem({ metadata, value, globalDefault }: PriorityClass): string | undefined {
  const name = metadata?.name ?? ''
  const known = systemValues[name]
  if (known === undefined) return `${name} is not a known system priority class`
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}

/** As upstream's pkg/apis/scheduling/validation. */
function validateRank(priorityClass: PriorityClass): FieldError[] {
  if (!priorityClass.metadata?.name?.startsWith(systemPrefix)) {
    if ((priorityClass.value ?? 0) <= highestOfUsers) return []
    const why = `maximum allowed value of a user defined priority is ${highestOfUsers}`
    return [forbiddenField('value', why)]
  }
  const problem = systemProblem(priorityClass)
  if (problem === undefined) return []
  const why = "priority class names with 'system-' prefix are reserved for system use only. error: "
  return [forbiddenField('metadata.name', why + problem)]
}

const policies = ['PreemptLowerPriority', 'Never']

function validate(priorityClass: PriorityClass): FieldError[] {
  const { preemptionPolicy = '' } = priorityClass
  return [
    ...validateRank(priorityClass),
    ...(policies.includes(preemptionPolicy)
      ? []
      : [notSupported('preemptionPolicy', preemptionPolicy, policies)]),
  ]
}

function validateUpdate(updated: PriorityClass, previous: PriorityClass): FieldError[] {
  return [
    ...(updated.value === previous.value
      ? []
      : [forbiddenField('value', 'may not be changed in an update.')]),
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
  validate,
  validateUpdate,
})
