// GET of one object.
import { type Endpoint, namespaceOf } from './call.ts'

export const getObject: Endpoint = async call => ({
  type: 'stored',
  status: 200,
  stored: await call.registry.get(call.context, namespaceOf(call), call.info.name),
})
