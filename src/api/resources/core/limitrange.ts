// LimitRange: bounds and defaults for what the Pods, containers and claims of a namespace ask for.
import type { LimitRange, LimitRangeItem } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'
import { createdAtColumn, nameColumn } from '../columns.ts'

/** Limits default to the maximum, requests to the default limits and then to the minimum. */
function defaultItem(item: LimitRangeItem): void {
  if (item.type !== 'Container') return
  const limits = { ...item.max, ...item.default }
  const requests = { ...item.min, ...limits, ...item.defaultRequest }
  if (Object.keys(limits).length > 0) item.default = limits
  if (Object.keys(requests).length > 0) item.defaultRequest = requests
}

export const limitRanges = defineResource<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  resource: 'limitranges',
  shortNames: ['limits'],
  namespaced: true,
  columns: [nameColumn, createdAtColumn],
  default: limitRange => {
    for (const item of limitRange.spec?.limits ?? []) defaultItem(item)
  },
})
