// DELETE of a collection; answers with the list of what was deleted.
import type { Endpoint } from './call.ts'
import { deleteOptionsOf, listOptionsOf } from './options.ts'

export const deleteCollection: Endpoint = async call => {
  const selection = listOptionsOf(call)
  const list = await call.registry.deleteCollection(call.context, {
    ...selection,
    delete: await deleteOptionsOf(call),
  })
  return { type: 'list', list }
}
