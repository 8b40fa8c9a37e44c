// An API server over a memory store with all built-in kinds, for tests: requests go through handle(),
// without a port.
import type { KubeletConnector } from '../api/kubeletapi.ts'
import { resources } from '../api/resources/index.ts'
import { FakeClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { openMemoryStore } from '../storage/memory.ts'
import { type APIServerOptions, createAPIServer } from './apiserver.ts'
import type { User } from './registry/registry.ts'
import { type Reply, type ReplyStream, ServerRequest } from './request.ts'

export const admin: User = { name: 'admin', groups: ['system:masters'] }

const noKubelet: KubeletConnector = async nodeName => {
  throw new Error(`no kubelet on ${nodeName}`)
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string
  readonly text: string
  /** The text as JSON. */
  readonly body: Record<string, unknown> & { message?: string; metadata?: Record<string, unknown> }
  readonly warnings: readonly string[]
}

export interface Asking {
  readonly headers?: Readonly<Record<string, string>>
  readonly user?: User | undefined
  readonly contentType?: string
}

const asBytes = (body: unknown) =>
  body === undefined ? Buffer.alloc(0) : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))

export async function openTestServer(options: Partial<APIServerOptions> = {}) {
  const { store = openMemoryStore() } = options
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 12))
  const server = await createAPIServer({
    store,
    clock,
    resources,
    log: silentLogger,
    kubelet: noKubelet,
    version: {
      major: '1',
      minor: '36',
      gitVersion: 'v1.36.0',
      gitCommit: '',
      gitTreeState: 'clean',
      buildDate: '2026-01-01T00:00:00Z',
      goVersion: 'go1.25',
      compiler: 'gc',
      platform: 'linux/amd64',
    },
    serviceClusterIPRanges: ['10.96.0.0/16', 'fd00:10:96::/112'],
    advertiseAddress: '192.0.2.1',
    ...options,
  })

  function requestFor(line: string, body: unknown, asking: Asking): ServerRequest {
    const [method = '', target = ''] = line.split(' ')
    const user = 'user' in asking ? asking.user : admin
    return new ServerRequest({
      method,
      target,
      headers: { 'content-type': asking.contentType ?? 'application/json', ...asking.headers },
      readBody: async () => asBytes(body),
      ...(user ? { certificateUser: user } : {}),
    })
  }

  /** `GET /api/v1/pods`, or with a body. */
  async function ask(line: string, body?: unknown, asking: Asking = {}): Promise<Answered> {
    const request = requestFor(line, body, asking)
    const reply = await server.handle(request)
    const { body: answered } = reply
    const text =
      typeof answered === 'function'
        ? await wholeStream(answered)
        : (Buffer.isBuffer(answered) ? answered : Buffer.concat(answered)).toString()
    return {
      status: reply.status,
      headers: { ...request.replyHeaders, ...reply.headers },
      contentType: reply.contentType,
      text,
      get body() {
        return JSON.parse(text)
      },
      warnings: request.warnings,
    }
  }

  /** The raw reply, for streams and upgrades. */
  const reply = (line: string, asking: Asking = {}): Promise<Reply> =>
    server.handle(requestFor(line, undefined, asking))

  return { server, store, clock, ask, reply, close: () => server.close() }
}

/** Of a reply that comes to its end. */
function wholeStream(body: (stream: ReplyStream) => void): Promise<string> {
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    body({
      write: parts => void chunks.push(...parts),
      pendingBytes: 0,
      end: () => resolve(Buffer.concat(chunks).toString()),
      destroy: () => reject(new Error('the reply is broken off')),
      onClose: () => undefined,
      onDrain: () => undefined,
    })
  })
}

/** A client that takes everything a streaming reply sends. */
export function collect(reply: Reply) {
  if (typeof reply.body !== 'function') throw new Error(`no stream but ${reply.status}`)
  const chunks: Buffer[] = []
  const state = { ended: false }
  const closers: (() => void)[] = []
  const stream: ReplyStream = {
    write: parts => void chunks.push(...parts),
    pendingBytes: 0,
    end: () => {
      state.ended = true
    },
    destroy: () => undefined,
    onClose: callback => void closers.push(callback),
    onDrain: () => undefined,
  }
  reply.body(stream)
  return {
    state,
    close() {
      for (const closed of closers) closed()
    },
    text: () => Buffer.concat(chunks).toString(),
    /** A watch's events. */
    events: () =>
      Buffer.concat(chunks)
        .toString()
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line)),
  }
}
