// GET of a collection.
import type { Endpoint } from './call.ts'
import { listOptionsOf } from './options.ts'

export const listObjects: Endpoint = async call => ({
  type: 'list',
  list: await call.registry.list(call.context, listOptionsOf(call)),
})
