// FlowSchema: which requests belong to which priority level (KEP-1040).
import { type FieldError, required } from '../../fields.ts'
import type { FlowSchema } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function validate({ spec }: FlowSchema): FieldError[] {
  return spec?.priorityLevelConfiguration?.name
    ? []
    : [required('spec.priorityLevelConfiguration.name', 'must reference a priority level')]
}

/** Whether the priority level it names is missing, `?` when nobody knows. */
function formatDangling({ status }: FlowSchema): string {
  return status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?'
}

export const flowSchemas = defineResource<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  resource: 'flowschemas',
  namespaced: false,
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('PriorityLevel', schema => schema.spec?.priorityLevelConfiguration?.name ?? ''),
    column('MatchingPrecedence', schema => schema.spec?.matchingPrecedence ?? 0),
    column('DistinguisherMethod', schema => schema.spec?.distinguisherMethod?.type ?? '<none>'),
    ageColumn,
    column('MissingPL', formatDangling),
  ],
  default: ({ spec }) => {
    if (spec) spec.matchingPrecedence ||= 1000
  },
  validate,
})
