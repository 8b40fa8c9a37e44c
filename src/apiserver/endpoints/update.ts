// PUT of an object or of a subresource that has the object's own kind (status).
import type { KubeObject } from '../../api/object.ts'
import { badRequest } from '../../api/status.ts'
import { decodeAs, type ReadBody, readBody } from './body.ts'
import { type Call, cloneJSON, type Endpoint, namespaceOf, targetOf } from './call.ts'
import { writeOptionsOf } from './options.ts'

/** The name must be the URL's; a missing namespace is the URL's. */
export function checkName(call: Call, object: KubeObject) {
  const { name } = call.info
  const { metadata } = object
  if (!metadata.name) {
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    )
  }
  if (metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  }
  const namespace = namespaceOf(call)
  if (namespace !== '' && metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest(
      `the namespace of the object (${metadata.namespace}) does not match the namespace on the request ` +
        `(${namespace})`,
    )
  }
  if (namespace !== '' && !metadata.namespace) metadata.namespace = namespace
}

export const updateObject: Endpoint = async call => {
  const { dryRun, fieldValidation } = writeOptionsOf(call.query, 'UpdateOptions')
  const body = await readBody(call, call.resource.kind)
  const decode = (from: ReadBody): KubeObject => {
    const object = decodeAs(call, from, { gvk: call.resource, fieldValidation })
    checkName(call, object)
    return object
  }
  // The registry owns what the transform returns: an attempt after a conflict needs an object of its own.
  const spare = 'value' in body ? { value: cloneJSON(body.value) } : body
  let first: KubeObject | undefined = decode(body)
  const { stored, created } = await call.registry.update(call.context, targetOf(call), {
    dryRun,
    keepsCurrent: true,
    mayCreate: call.mayCreate,
    uid: first.metadata.uid,
    ...(call.info.subresource === '' ? {} : { subresource: call.info.subresource }),
    transform: () => {
      const object = first ?? decode('value' in spare ? { value: cloneJSON(spare.value) } : spare)
      first = undefined
      return object
    },
  })
  return { type: 'stored', status: created ? 201 : 200, stored }
}
