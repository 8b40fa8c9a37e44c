// A Scale as a Table, as `kubectl get --subresource=scale` asks for it; and which answers cannot be a Table
// (KEP-2590, upstream pkg/printers/internalversion).
import type { Scale } from '../../api/generated/types.ts'
import { ageColumn } from '../../api/meta/age.ts'
import type { KubeObject } from '../../api/object.ts'
import { type Column, column, type Resource } from '../../api/resource.ts'
import { nameColumn } from '../../api/resources/columns.ts'
import type { StoredObject } from '../registry/registry.ts'
import { type TableOptions, type Tabular, tableForObject } from '../table.ts'

const columns: readonly Column[] = [
  nameColumn,
  column<Scale>('Desired', ({ spec }) => spec?.replicas ?? 0, { type: 'integer' }),
  column<Scale>('Available', ({ status }) => status?.replicas ?? 0, { type: 'integer' }),
  ageColumn,
]
const scales: Tabular = { columns }

export const isScale = (value: object): value is KubeObject => 'kind' in value && value.kind === 'Scale'

export function tableOfScale(scale: KubeObject, options: TableOptions): Buffer {
  const { name = '', namespace = '', uid = '', resourceVersion } = scale.metadata
  const bytes = Buffer.from(JSON.stringify(scale))
  const stored: StoredObject = {
    ...{ name, namespace, uid, labels: {} },
    revision: Number(resourceVersion),
    bytes,
    object: scale,
  }
  return tableForObject(scales, stored, options)
}

/** False for what is answered at once and not kept: reviews, bindings, evictions, tokens. */
export function hasTable({ verbs, subresources, kind }: Resource, subresource: string): boolean {
  const own = subresources.find(({ name }) => name === subresource)
  if (own && own.kind !== kind) return own.kind === 'Scale'
  return verbs.some(verb => verb !== 'create')
}
