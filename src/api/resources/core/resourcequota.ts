// ResourceQuota: how much the objects of a namespace may use together.
import type { ResourceQuota } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

/** `cpu: 1/2, pods: 3/10`, of the limits or of everything else. */
function formatUsage({ status }: ResourceQuota, isLimit: boolean): string {
  return Object.keys(status?.hard ?? {})
    .filter(name => name.startsWith('limits.') === isLimit)
    .sort()
    .map(name => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name]}`)
    .join(', ')
}

export const resourceQuotas = defineResource<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  resource: 'resourcequotas',
  shortNames: ['quota'],
  namespaced: true,
  hasStatus: true,
  columns: [
    nameColumn,
    column('Request', quota => formatUsage(quota, false)),
    column('Limit', quota => formatUsage(quota, true)),
    ageColumn,
  ],
})
