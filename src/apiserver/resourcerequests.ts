// Answers requests for resources: finds the registry, the endpoint and the form of the answer. HTTP
// requests and those of the in-process transport come together here.
import type { KubeletConnector } from '../api/kubeletapi.ts'
import type { Clock } from '../component/clock.ts'
import type { AdmissionPlugin } from './admission/admission.ts'
import type { Answer, Call, CallBody } from './endpoints/call.ts'
import { checkPath, endpointFor } from './endpoints/dispatch.ts'
import { readPatch } from './endpoints/readpatch.ts'
import { checkForm, type Representation, represent, watchEncoderFor } from './endpoints/representation.ts'
import { ownKindEndpoint } from './endpoints/subresource.ts'
import { hasTable } from './endpoints/tableofscale.ts'
import { watchReply } from './endpoints/watch.ts'
import { WatchFlusher } from './endpoints/watchstream.ts'
import { type Authorizer, authorize } from './filters/authorization.ts'
import { negotiateOutput, withoutTables } from './negotiation.ts'
import type { Query } from './query.ts'
import type { RegistryLookup, RequestContext } from './registry/registry.ts'
import { noSuchPath } from './reply.ts'
import type { Reply, ServerRequest } from './request.ts'
import type { RequestInfo } from './requestinfo.ts'
import { podAttach } from './subresources/attach.ts'
import type { SubresourceLookup } from './subresources/endpoint.ts'
import { podExec, type StreamingContext } from './subresources/exec.ts'
import { podLog } from './subresources/log.ts'
import { podPortForward } from './subresources/portforward.ts'
import { isProxied, proxySubresource } from './subresources/proxy.ts'

export interface ResourceRequestsOptions {
  readonly lookup: RegistryLookup
  readonly subresources: SubresourceLookup
  /** Of what is created through a subresource. */
  readonly admission: readonly AdmissionPlugin[]
  readonly clock: Clock
  readonly kubelet: KubeletConnector
  readonly authorizer: Authorizer
}

/** A request for a resource, from wherever it comes. */
export interface ResourceRequest {
  readonly method: string
  readonly info: RequestInfo
  readonly query: Query
  readonly context: RequestContext
  readonly body: CallBody
}

type StreamingEndpoint = (call: Call, context: StreamingContext) => Promise<Reply>

const streaming: Readonly<Record<string, StreamingEndpoint>> = {
  exec: podExec,
  attach: podAttach,
  portforward: podPortForward,
}

const never = new AbortController().signal

export class ResourceRequests {
  readonly #options: ResourceRequestsOptions
  readonly #flusher: WatchFlusher

  constructor(options: ResourceRequestsOptions) {
    this.#options = options
    this.#flusher = new WatchFlusher(options.clock)
  }

  /** Throws 404 and 405 for what is not there. */
  call({ method, info, query, context, body }: ResourceRequest): Call {
    const registry = this.#options.lookup(info.group, info.version, info.resource)
    if (!registry) throw noSuchPath()
    checkPath(registry.resource, info, method)
    const { authorizer } = this.#options
    const mayCreate = () => authorize(authorizer, context.user, { ...info, verb: 'create' })
    return { info, query, context, body, registry, resource: registry.resource, readPatch, mayCreate }
  }

  /** In objects, for everything but watches and streams. */
  answer(call: Call): Promise<Answer> {
    const { resource, info } = call
    const { subresources, admission } = this.#options
    const endpoint =
      endpointFor(resource, info) ?? ownKindEndpoint({ lookup: subresources, admission }, resource, info)
    if (!endpoint) throw noSuchPath()
    return endpoint(call)
  }

  async reply(request: ServerRequest): Promise<Reply> {
    const { method, info, query, headers } = request
    const { audit } = request
    const context: RequestContext = {
      user: request.user!,
      warn: message => void request.warnings.push(message),
      ...(audit ? { annotate: (key, value) => audit.annotate(key, value) } : {}),
    }
    const plain = { contentType: headers['content-type'], bytes: request.readBody }
    const body = audit?.watchBody(plain) ?? plain
    const call = this.call({ method, info, query, context, body })
    if (call.resource.deprecation) context.warn(call.resource.deprecation)
    const streamed = this.#streamed(call, request)
    if (streamed) return streamed
    const isTabular = !headers.accept || hasTable(call.resource, info.subresource)
    const accept = isTabular ? headers.accept : withoutTables(headers.accept!)
    const media = negotiateOutput(accept, query, headers['user-agent'])
    if (media.format === 'protobuf') await checkForm(media, call.resource)
    const { clock } = this.#options
    const form: Representation = { media, query, resource: call.resource, nowMs: () => clock.now() }
    if (info.verb === 'watch') return watchReply(call, await watchEncoderFor(form), this.#flusher)
    const answer = await this.answer(call)
    audit?.answered(call.resource, answer)
    return represent(form, answer)
  }

  #streamed(call: Call, request: ServerRequest): Promise<Reply> | undefined {
    const { resource, info } = call
    if (isProxied(call)) {
      const { lookup, kubelet: connector } = this.#options
      return proxySubresource(call, { request, lookup, connector })
    }
    if (info.subresource === '' || resource.resource !== 'pods' || resource.group !== '') return undefined
    const { kubelet, clock } = this.#options
    if (info.subresource === 'log' && info.verb === 'get') {
      return podLog(call, kubelet, { request, signal: request.signal ?? never })
    }
    const stream = Object.hasOwn(streaming, info.subresource) && streaming[info.subresource]
    if (!stream || (info.verb !== 'get' && info.verb !== 'create')) return undefined
    return stream(call, { request, connector: kubelet, clock })
  }
}
