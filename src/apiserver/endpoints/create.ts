// POST of an object to its collection.
import { decodeBody } from './body.ts'
import { type Endpoint, namespaceOf } from './call.ts'
import { writeOptionsOf } from './options.ts'

export const createObject: Endpoint = async call => {
  const { dryRun, fieldValidation } = writeOptionsOf(call.query, 'CreateOptions')
  const object = await decodeBody(call, { gvk: call.resource, fieldValidation })
  const stored = await call.registry.create(call.context, object, { namespace: namespaceOf(call), dryRun })
  return { type: 'stored', status: 201, stored }
}
