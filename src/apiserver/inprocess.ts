// The in-process transport: a client in this process reaches the registries without TLS, HTTP or JSON. What
// it sends is copied on the way in; what it gets is shared and not to be changed; an error is the
// StatusError itself.
import { randomUUID } from 'node:crypto'
import type { Status } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import { StatusError } from '../api/status.ts'
import type {
  Transport,
  TransportRequest,
  TransportResponse,
  TransportWatchEvent,
  WatchHandle,
  WatchHandlers,
} from '../api/transport.ts'
import { nextTurn } from '../component/clock.ts'
import type { Audit } from './audit/audit.ts'
import type { AuditTrail } from './audit/trail.ts'
import { type Answer, type Call, type CallBody, cloneJSON } from './endpoints/call.ts'
import { bookmarkObject } from './endpoints/representation.ts'
import { watchOptionsOf } from './endpoints/watch.ts'
import type { WatchItem } from './endpoints/watchstream.ts'
import { type Authorizer, authorize, recorded } from './filters/authorization.ts'
import { type Query, queryOf } from './query.ts'
import type { User } from './registry/registry.ts'
import { type Handler, type Reply, ServerRequest } from './request.ts'
import { parseRequestInfo, type RequestInfo } from './requestinfo.ts'
import type { ResourceRequests } from './resourcerequests.ts'

export interface InProcessOptions {
  /** Absent: nothing is recorded. */
  readonly audit?: Audit
  readonly requests: ResourceRequests
  readonly authorizer: Authorizer
  /** For paths that are no resources, and for plain text such as logs. */
  readonly handle: Handler
}

const bodyOf = ({ body, contentType }: TransportRequest): CallBody => ({
  contentType: contentType ?? 'application/json',
  bytes: async () => (body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body))),
  ...(body === undefined ? {} : { value: () => cloneJSON(body) }),
})

function bodyIn(answer: Answer, call: Call): unknown {
  const { listKind, apiVersion } = call.resource
  switch (answer.type) {
    case 'stored':
      return answer.stored.object
    case 'value':
      return answer.value
    case 'list': {
      const { items, resourceVersion, continue: token, remainingItemCount } = answer.list
      const metadata = {
        resourceVersion,
        ...(token === undefined ? {} : { continue: token }),
        ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
      }
      return { kind: listKind, apiVersion, metadata, items: items.map(({ object }) => object) }
    }
  }
}

function eventIn<T>(item: WatchItem, call: Call): TransportWatchEvent<T> {
  const object = item.type === 'BOOKMARK' ? bookmarkObject(item, call.resource) : item.stored.object
  return { type: item.type, object: object as T }
}

const targetOf = (path: string, query: TransportRequest['query'] = {}): string => {
  const parameters = new URLSearchParams()
  for (const [name, values] of Object.entries(query)) {
    for (const value of values === undefined ? [] : [values].flat()) parameters.append(name, value)
  }
  const text = parameters.toString()
  return text === '' ? path : `${path}?${text}`
}

/** The reply of a path that is no resource: JSON parsed, text as text. */
function plainBody(reply: Reply): unknown {
  const { body } = reply
  if (typeof body === 'function') throw new Error('Cannot answer in process: the reply is a stream')
  const text = (Buffer.isBuffer(body) ? body : Buffer.concat(body)).toString()
  const value: unknown = reply.contentType.startsWith('application/json') ? JSON.parse(text) : text
  if (reply.status >= 400) {
    throw typeof value === 'string'
      ? new StatusError({ code: reply.status, reason: '', message: value.trim() })
      : StatusError.fromStatus(value as Status)
  }
  return value
}

const plainSubresources: ReadonlySet<string> = new Set(['log', 'exec', 'attach', 'portforward'])

interface Asked {
  readonly query: Query
  readonly info: RequestInfo
  readonly warnings: string[]
  readonly trail: AuditTrail | undefined
}

interface Opening<T> {
  readonly handlers: WatchHandlers<T>
  readonly signal?: AbortSignal
  readonly ended: () => void
}

/**
 * So many requests of this process begin before others get their turn. Over a store in memory one leads to
 * the next without ever waiting: a million replicas would be made before anybody is heard.
 */
const turnRequests = 128
let begun = 0
let turn: Promise<void> | undefined

async function takeTurn(): Promise<void> {
  while (begun >= turnRequests) {
    turn ??= nextTurn().then(() => {
      begun = 0
      turn = undefined
    })
    await turn
  }
  begun++
}

class InProcessTransport implements Transport {
  readonly #options: InProcessOptions
  readonly #user: User

  constructor(options: InProcessOptions, user: User) {
    this.#options = options
    this.#user = user
  }

  /** Undefined for what is not recorded. */
  #begin(request: TransportRequest, info: RequestInfo): AuditTrail | undefined {
    const { audit } = this.#options
    if (!audit) return undefined
    const trail = audit.begin(this.#user, info, () => ({
      id: randomUUID(),
      uri: targetOf(request.path, request.query),
      sourceIPs: [],
      userAgent: 'futago (in process)',
    }))
    trail?.received()
    return trail
  }

  async #call(request: TransportRequest, asked: Asked): Promise<Call> {
    const { query, info, warnings, trail } = asked
    const { authorizer, requests } = this.#options
    await authorize(trail ? recorded(authorizer, trail) : authorizer, this.#user, info)
    const context = {
      user: this.#user,
      warn: (message: string) => void warnings.push(message),
      ...(trail ? { annotate: (key: string, value: string) => trail.annotate(key, value) } : {}),
      ...(request.signal ? { signal: request.signal } : {}),
    }
    const body = bodyOf(request)
    return requests.call({
      method: request.method,
      info,
      query,
      context,
      body: trail ? trail.watchBody(body) : body,
    })
  }

  async #plain<T>(request: TransportRequest): Promise<TransportResponse<T>> {
    const made = new ServerRequest({
      method: request.method,
      target: targetOf(request.path, request.query),
      certificateUser: this.#user,
      readBody: () => bodyOf(request).bytes(),
      ...(request.signal ? { signal: () => request.signal! } : {}),
    })
    const reply = await this.#options.handle(made)
    return { status: reply.status, body: plainBody(reply) as T, warnings: made.warnings }
  }

  async request<T = KubeObject>(request: TransportRequest): Promise<TransportResponse<T>> {
    request.signal?.throwIfAborted()
    if (begun >= turnRequests) await takeTurn()
    else begun++
    const query = queryOf(request.query ?? {})
    const info = parseRequestInfo(request.method, request.path, query)
    if (!info.isResourceRequest || plainSubresources.has(info.subresource)) return this.#plain(request)
    const warnings: string[] = []
    const trail = this.#begin(request, info)
    try {
      const call = await this.#call(request, { query, info, warnings, trail })
      const answer = await this.#options.requests.answer(call)
      const status = answer.type === 'list' ? 200 : answer.status
      trail?.answered(call.resource, answer)
      await trail?.completed(status)
      return { status, body: bodyIn(answer, call) as T, warnings }
    } catch (error) {
      await trail?.failed(error)
      throw error
    }
  }

  async watch<T = KubeObject>(request: TransportRequest, handlers: WatchHandlers<T>): Promise<WatchHandle> {
    const query = queryOf({ ...request.query, watch: 'true' })
    const info = parseRequestInfo(request.method, request.path, query)
    const trail = this.#begin(request, info)
    try {
      const call = await this.#call(request, { query, info, warnings: [], trail })
      const { signal } = request
      const ended = () => void trail?.completed(200)
      const handle = await this.#open(call, { handlers, ended, ...(signal ? { signal } : {}) })
      trail?.started(200)
      return handle
    } catch (error) {
      await trail?.failed(error)
      throw error
    }
  }

  async #open<T>(call: Call, { handlers, signal, ended }: Opening<T>): Promise<WatchHandle> {
    let isOpen = true
    const end = () => {
      isOpen = false
      ended()
    }
    const watch = await call.registry.watch(call.context, {
      ...watchOptionsOf(call),
      onEvents(items) {
        if (isOpen) handlers.onEvents(items.map(item => eventIn<T>(item, call)))
      },
      onEnd(error) {
        if (!isOpen) return
        end()
        handlers.onEnd(error)
      },
    })
    const close = () => {
      if (isOpen) end()
      watch.close()
    }
    signal?.addEventListener('abort', close, { once: true })
    return { close }
  }
}

/** A transport that asks as `user`. */
export const inProcessTransport = (options: InProcessOptions, user: User): Transport =>
  new InProcessTransport(options, user)
