// RuntimeClass: how the containers of a Pod are run.
import { type FieldError, invalidValue, required } from '../../fields.ts'
import type { RuntimeClass } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { dns1123Label } from '../../meta/names.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function validate({ handler }: RuntimeClass): FieldError[] {
  if (!handler) return [required('handler')]
  return dns1123Label(handler).map(problem => invalidValue('handler', handler, problem))
}

export const runtimeClasses = defineResource<RuntimeClass>({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  resource: 'runtimeclasses',
  namespaced: false,
  allowCreateOnUpdate: true,
  columns: [nameColumn, column('Handler', runtimeClass => runtimeClass.handler), ageColumn],
  default: ({ scheduling }) => {
    for (const toleration of scheduling?.tolerations ?? []) toleration.operator ||= 'Equal'
  },
  validate,
  validateUpdate: ({ handler }, previous) =>
    handler === previous.handler ? [] : [invalidValue('handler', handler, 'field is immutable')],
})
