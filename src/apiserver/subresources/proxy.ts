// pods/proxy, services/proxy and nodes/proxy: HTTP to what listens there, upgrades among it.
import type { KubeletConnector } from '../../api/kubeletapi.ts'
import { badRequest } from '../../api/status.ts'
import type { Call } from '../endpoints/call.ts'
import type { RegistryLookup } from '../registry/registry.ts'
import type { Reply, ServerRequest } from '../request.ts'
import { proxyRequest } from './httpproxy.ts'
import {
  nodeProxyTarget,
  type ProxyContext,
  type ProxyTarget,
  podProxyTarget,
  serviceProxyTarget,
} from './proxytarget.ts'

export interface ProxyRequestContext {
  readonly request: ServerRequest
  readonly lookup: RegistryLookup
  readonly connector: KubeletConnector
}

const targets: Readonly<Record<string, (call: Call, context: ProxyContext) => Promise<ProxyTarget>>> = {
  pods: podProxyTarget,
  services: serviceProxyTarget,
  nodes: nodeProxyTarget,
}

/** Whether the request is for something that can be asked through the API server. */
export const isProxied = ({ info, resource }: Call): boolean =>
  info.subresource === 'proxy' && resource.group === '' && Object.hasOwn(targets, resource.resource)

/** `/api/v1/namespaces/n/pods/p/proxy` and what follows it, still escaped. */
const proxyPath = /^(\/api\/v1\/(?:namespaces\/[^/]+\/)?[^/]+\/[^/]+\/proxy)(\/.*)?$/

export async function proxySubresource(call: Call, context: ProxyRequestContext): Promise<Reply> {
  const { request } = context
  const [, prefix, path] = proxyPath.exec(request.path) ?? []
  if (prefix === undefined) throw badRequest(`invalid proxy request ${JSON.stringify(request.path)}`)
  const target = await targets[call.resource.resource]!(call, context)
  // Relative links of a page would otherwise lead beside it.
  if (path === undefined && (request.method === 'GET' || request.method === 'HEAD')) {
    const headers = { location: `${prefix}/${request.search}` }
    return { status: 301, contentType: '', headers, body: Buffer.alloc(0) }
  }
  return proxyRequest({ request, target, prefix, path: `${path ?? '/'}${request.search}` })
}
