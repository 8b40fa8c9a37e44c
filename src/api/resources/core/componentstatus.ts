// ComponentStatus: how the parts of a control plane do; deprecated since 1.19 and kept because clients ask
// for it.
import type { ComponentStatus } from '../../generated/types.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

const healthy = (status: ComponentStatus) => status.conditions?.find(({ type }) => type === 'Healthy')

function formatStatus(status: ComponentStatus): string {
  const condition = healthy(status)
  if (!condition) return 'Unknown'
  return condition.status === 'True' ? 'Healthy' : 'Unhealthy'
}

export const componentStatuses = defineResource<ComponentStatus>({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  resource: 'componentstatuses',
  shortNames: ['cs'],
  namespaced: false,
  verbs: ['get', 'list'],
  columns: [
    nameColumn,
    column('Status', formatStatus),
    column('Message', status => healthy(status)?.message ?? ''),
    column('Error', status => healthy(status)?.error ?? ''),
  ],
})
