// GET of one object.
import { type Endpoint, namespaceOf } from './call.ts'

export const getObject: Endpoint = async call => {
  const resourceVersion = call.query.get('resourceVersion')
  const options = resourceVersion === undefined ? undefined : { resourceVersion }
  const stored = await call.registry.get(call.context, namespaceOf(call), call.info.name, options)
  return { type: 'stored', status: 200, stored }
}
