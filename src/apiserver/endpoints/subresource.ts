// Subresources with a kind of their own (Scale, Binding, Eviction): body and answer are of that kind, the
// rest is as for the object itself.
import type { GroupVersionKind, KubeObject } from '../../api/object.ts'
import type { Resource, Subresource } from '../../api/resource.ts'
import {
  type AdmissionAttributes,
  type AdmissionPlugin,
  admit,
  validateAdmission,
} from '../admission/admission.ts'
import { methodNotAllowed } from '../reply.ts'
import type { RequestInfo } from '../requestinfo.ts'
import type { SubresourceCall, SubresourceEndpoint, SubresourceLookup } from '../subresources/endpoint.ts'
import { decodeAs, decodeBody, readBody } from './body.ts'
import { type Answer, type Call, cloneJSON, type Endpoint, targetOf } from './call.ts'
import { writeOptionsOf } from './options.ts'
import { patchTransform } from './patch.ts'

const valueAnswer = (value: object, status = 200): Answer => ({ type: 'value', status, value })

function kindOf(resource: Resource, subresource: Subresource): GroupVersionKind {
  const { kind, group = resource.group, version = resource.version } = subresource
  return { group, version, kind }
}

const subresourceCall = (call: Call, dryRun: boolean): SubresourceCall => ({
  ...targetOf(call),
  context: call.context,
  registry: call.registry,
  dryRun,
})

interface Found {
  readonly name: string
  readonly admission: readonly AdmissionPlugin[]
  readonly endpoint: SubresourceEndpoint
  readonly gvk: GroupVersionKind
}

async function admitCreation({ name, admission }: Found, call: SubresourceCall, object: KubeObject) {
  const { registry, namespace, context, dryRun } = call
  const attributes: AdmissionAttributes = {
    operation: 'CREATE',
    resource: registry.resource,
    subresource: name,
    namespace,
    name: call.name,
    object,
    oldObject: undefined,
    dryRun,
    context,
  }
  await admit(admission, attributes)
  await validateAdmission(admission, attributes)
}

async function create(found: Found, call: Call): Promise<Answer> {
  const { endpoint, gvk } = found
  if (!endpoint.create) throw methodNotAllowed()
  const { dryRun, fieldValidation } = writeOptionsOf(call.query, 'CreateOptions')
  const body = await decodeBody(call, { gvk, fieldValidation })
  const own = subresourceCall(call, dryRun)
  await admitCreation(found, own, body)
  return valueAnswer(await endpoint.create(own, body), 201)
}

async function update({ endpoint, gvk }: Found, call: Call): Promise<Answer> {
  if (!endpoint.update) throw methodNotAllowed()
  const { dryRun, fieldValidation } = writeOptionsOf(call.query, 'UpdateOptions')
  const body = await readBody(call, gvk.kind)
  const copy = () => ('value' in body ? { value: cloneJSON(body.value) } : body)
  const transform = () => decodeAs(call, copy(), { gvk, fieldValidation })
  return valueAnswer(await endpoint.update(subresourceCall(call, dryRun), { transform }))
}

async function patch({ endpoint, gvk }: Found, call: Call): Promise<Answer> {
  if (!endpoint.update) throw methodNotAllowed()
  const { dryRun, transform } = await patchTransform(call, gvk)
  return valueAnswer(await endpoint.update(subresourceCall(call, dryRun), { transform, isPatch: true }))
}

/** Undefined when the resource has no such subresource. */
export function ownKindEndpoint(
  { lookup, admission }: { lookup: SubresourceLookup; admission: readonly AdmissionPlugin[] },
  resource: Resource,
  info: RequestInfo,
): Endpoint | undefined {
  const declared = resource.subresources.find(({ name }) => name === info.subresource)
  const endpoint = declared && lookup(resource, info.subresource)
  if (!endpoint) return undefined
  const found = { name: info.subresource, admission, endpoint, gvk: kindOf(resource, declared) }
  switch (info.verb) {
    case 'get':
      if (!endpoint.get) throw methodNotAllowed()
      return async call => valueAnswer(await endpoint.get!(subresourceCall(call, false)))
    case 'create':
      return call => create(found, call)
    case 'update':
      return call => update(found, call)
    case 'patch':
      return call => patch(found, call)
    default:
      throw methodNotAllowed()
  }
}
