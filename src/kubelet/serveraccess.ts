// Who may ask a kubelet: clients with a certificate of the cluster or with a token, as far as the API server
// lets them use the node's subresources (upstream's webhook modes: pkg/kubelet/server/auth.go, TokenReview
// and SubjectAccessReview). Its answers are kept for a while, as upstream keeps them.
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { tokenReviews } from '../api/resources/authentication.k8s.io/tokenreview.ts'
import { subjectAccessReviews } from '../api/resources/authorization.k8s.io/subjectaccessreview.ts'
import { StatusError } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { Clock } from '../component/clock.ts'

export interface ServerUser {
  readonly name: string
  readonly groups: readonly string[]
}

export interface ServerAccessOptions {
  readonly client: Client
  readonly clock: Clock
  readonly nodeName: string
}

interface Kept<T> {
  readonly value: T
  readonly untilMs: number
}

const tokenMs = 120_000
const allowedMs = 300_000
const refusedMs = 30_000
const mostKept = 1000

/** May do everything everywhere: nobody need be asked. */
const masters = 'system:masters'

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** By the beginning of the path; what is not among them is `proxy`. */
const subresources: readonly (readonly [path: string, subresource: string])[] = [
  ['/stats', 'stats'],
  ['/metrics', 'metrics'],
  ['/pods', 'pods'],
  ['/healthz', 'healthz'],
]

export const subresourceOf = (path: string): string =>
  subresources.find(([own]) => path === own || path.startsWith(`${own}/`))?.[1] ?? 'proxy'

function certificateUser(socket: TLSSocket): ServerUser | undefined {
  if (!socket.authorized) return undefined
  const subject = socket.getPeerCertificate().subject as { CN?: string; O?: string | string[] } | undefined
  return subject && { name: subject.CN ?? '', groups: subject.O === undefined ? [] : [subject.O].flat() }
}

class Cache<T> {
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept<T>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async get(key: string, fetch: () => Promise<Kept<T>>): Promise<T> {
    const known = this.#kept.get(key)
    if (known && known.untilMs > this.#clock.now()) return known.value
    if (this.#kept.size >= mostKept) this.#kept.clear()
    const fresh = await fetch()
    this.#kept.set(key, fresh)
    return fresh.value
  }
}

export class ServerAccess {
  readonly #options: ServerAccessOptions
  readonly #users: Cache<ServerUser | undefined>
  readonly #verdicts: Cache<boolean>

  constructor(options: ServerAccessOptions) {
    this.#options = options
    this.#users = new Cache(options.clock)
    this.#verdicts = new Cache(options.clock)
  }

  /** Throws Unauthorized or Forbidden. */
  async check(message: IncomingMessage): Promise<void> {
    const user = await this.#identify(message)
    if (!user) {
      const text = 'a client certificate of the cluster or a token is required'
      throw new StatusError({ code: 401, reason: 'Unauthorized', message: text })
    }
    if (user.groups.includes(masters)) return
    const verb = verbs[message.method ?? ''] ?? ''
    const subresource = subresourceOf((message.url ?? '').replace(/\?.*/, ''))
    if (await this.#mayUse(user, verb, subresource)) return
    const what = `resource=nodes, subresource=[${subresource}], name=${this.#options.nodeName}`
    const text = `Forbidden (user=${user.name}, verb=${verb}, ${what})`
    throw new StatusError({ code: 403, reason: 'Forbidden', message: text })
  }

  async #identify({ socket, headers }: IncomingMessage): Promise<ServerUser | undefined> {
    const byCertificate = certificateUser(socket as TLSSocket)
    if (byCertificate) return byCertificate
    const [, token] = /^Bearer (\S+)$/i.exec(headers.authorization ?? '') ?? []
    if (!token) return undefined
    return this.#users.get(token, async () => {
      const { client, clock } = this.#options
      const { status } = await client.create(tokenReviews, { metadata: {}, spec: { token } })
      const { username: name = '', groups = [] } = status?.user ?? {}
      const value = status?.authenticated ? { name, groups } : undefined
      return { value, untilMs: clock.now() + tokenMs }
    })
  }

  #mayUse(user: ServerUser, verb: string, subresource: string): Promise<boolean> {
    const key = JSON.stringify([user, verb, subresource])
    return this.#verdicts.get(key, async () => {
      const { client, clock, nodeName } = this.#options
      const resourceAttributes = { resource: 'nodes', subresource, verb, version: 'v1', name: nodeName }
      const { status } = await client.create(subjectAccessReviews, {
        metadata: {},
        spec: { user: user.name, groups: [...user.groups], resourceAttributes },
      })
      const value = status?.allowed ?? false
      return { value, untilMs: clock.now() + (value ? allowedMs : refusedMs) }
    })
  }
}
