// APIService: who serves a group version.
import type { APIService } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { findCondition } from '../../meta/conditions.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function formatAvailable({ status }: APIService): string {
  const condition = findCondition(status?.conditions, 'Available')
  if (!condition) return 'Unknown'
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`
}

function formatService({ spec }: APIService): string {
  return spec?.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : 'Local'
}

export const apiServices = defineResource<APIService>({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  resource: 'apiservices',
  categories: ['api-extensions'],
  namespaced: false,
  hasStatus: true,
  columns: [nameColumn, column('Service', formatService), column('Available', formatAvailable), ageColumn],
  default: ({ spec }) => {
    if (spec?.service) spec.service.port ??= 443
  },
})
