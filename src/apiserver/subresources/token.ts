// serviceaccounts/token: a TokenRequest is answered with a token for the account. Follows upstream's
// pkg/registry/core/serviceaccount/storage/token.go and pkg/apis/authentication/validation.

import { type FieldError, invalid, invalidValue } from '../../api/fields.ts'
import type { Pod, AuthenticationV1TokenRequest as TokenRequest } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import { badRequest, conflict, notFound } from '../../api/status.ts'
import { timestamp } from '../registry/create.ts'
import type { BoundKind, TokenContents } from '../tokens/serviceaccounttokens.ts'
import type { SubresourceCall, SubresourceEndpointFactory, SubresourceServices } from './endpoint.ts'

const defaultSeconds = 3600
const fewestSeconds = 600
const mostSeconds = 2 ** 32

function check(seconds: number): readonly FieldError[] {
  const field = 'spec.expirationSeconds'
  if (seconds < fewestSeconds) {
    return [invalidValue(field, seconds, 'may not specify a duration less than 10 minutes')]
  }
  return seconds > mostSeconds
    ? [invalidValue(field, seconds, 'may not specify a duration larger than 2^32 seconds')]
    : []
}

const bindable: Readonly<Record<string, { readonly kind: BoundKind; readonly resource: string }>> = {
  'v1 Pod': { kind: 'pod', resource: 'pods' },
  'v1 Secret': { kind: 'secret', resource: 'secrets' },
  'v1 Node': { kind: 'node', resource: 'nodes' },
}

type Bound = NonNullable<TokenContents['bound']>

async function boundTo(
  services: SubresourceServices,
  call: SubresourceCall,
  request: TokenRequest,
): Promise<Bound | undefined> {
  const reference = request.spec?.boundObjectRef
  if (!reference) return undefined
  const { apiVersion = '', kind = '', name = '', uid } = reference
  const found = bindable[`${apiVersion} ${kind}`]
  if (!found) {
    const type = `${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`
    throw badRequest(`cannot bind token for serviceaccount "${call.name}" to type ${type}`)
  }
  const namespace = found.kind === 'node' ? '' : call.namespace
  const stored = await services.lookup('', 'v1', found.resource)!.get(call.context, namespace, name)
  if (uid && uid !== stored.uid) {
    const why =
      `the UID in the bound object reference (${uid}) does not match the UID in record. ` +
      'The object might have been deleted and then recreated'
    throw conflict({ group: '', resource: kind }, name, why)
  }
  const object = { name, uid: stored.uid }
  if (found.kind !== 'pod') return { kind: found.kind, object }
  const node = await nodeOf(services, call, stored.object as Pod)
  return { kind: 'pod', object, ...(node ? { node } : {}) }
}

async function nodeOf({ lookup }: SubresourceServices, { context, name }: SubresourceCall, pod: Pod) {
  const { nodeName, serviceAccountName } = pod.spec ?? {}
  if (serviceAccountName !== name) {
    throw badRequest(
      `cannot bind token for serviceaccount "${name}" to pod running with different serviceaccount name.`,
    )
  }
  if (!nodeName) return undefined
  try {
    return { name: nodeName, uid: (await lookup('', 'v1', 'nodes')!.get(context, '', nodeName)).uid }
  } catch {
    return { name: nodeName }
  }
}

export const tokenEndpoint: SubresourceEndpointFactory = services => ({
  async create(call, body) {
    const { tokens, clock } = services
    const { namespace, name, context, registry } = call
    if (!tokens) throw notFound({ group: '', resource: 'serviceaccounts/token' }, name)
    const request = body as unknown as TokenRequest
    const { audiences, expirationSeconds = defaultSeconds, boundObjectRef } = request.spec ?? {}
    const errors = check(expirationSeconds)
    const kind = { group: 'authentication.k8s.io', resource: 'tokenrequests', kind: 'TokenRequest' }
    if (errors.length > 0) throw invalid(kind, '', errors)
    const account = await registry.get(context, namespace, name)
    const bound = await boundTo(services, call, request)
    const named = audiences?.length ? audiences : [tokens.issuer]
    const { token, expiresMs } = tokens.issue({
      namespace,
      account: { name, uid: account.uid },
      audiences: named,
      expirationSeconds,
      ...(bound ? { bound } : {}),
    })
    return {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name, namespace, creationTimestamp: timestamp(clock.now()) },
      spec: { audiences: named, expirationSeconds, ...(boundObjectRef ? { boundObjectRef } : {}) },
      status: { token, expirationTimestamp: timestamp(expiresMs) },
    } as KubeObject
  },
})
