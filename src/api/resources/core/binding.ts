// Binding: gives a Pod its node. It is never stored; Pods have the same as a subresource.
import type { Binding } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'

export const bindings = defineResource<Binding>({
  group: '',
  version: 'v1',
  kind: 'Binding',
  resource: 'bindings',
  namespaced: true,
  verbs: ['create'],
})
