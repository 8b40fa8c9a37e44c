// Asks the servers outside, one after the other until one gives an answer that counts, and remembers it. The
// same question is on its way only once, so that a circle of servers cannot multiply it. One that failed is
// asked last for a while.
import type { Clock } from '../../component/clock.ts'
import { type Logger, silentLogger } from '../../component/log.ts'
import { joinHostPort } from '../../ip/hostport.ts'
import { questionKey, ReplyCache } from './cache.ts'
import { exchange, type Upstream } from './exchange.ts'
import type { Question, Reply } from './message.ts'
import { isAddressType } from './records.ts'

export interface ForwarderOptions {
  readonly clock: Clock
  readonly log?: Logger
  readonly upstreams: readonly Upstream[]
  /** For one server; clients give up after 5 s in all. */
  readonly timeoutMs?: number
}

/** All attempts of one question together: a client must hear of the failure before it gives up. */
const maxAttempts = 3
const shunMs = 10_000

const keyOf = ({ address, port }: Upstream) => joinHostPort(address, port)

export class Forwarder {
  readonly #options: ForwarderOptions
  readonly #log: Logger
  readonly #cache: ReplyCache
  readonly #pending = new Map<string, Promise<Reply>>()
  readonly #shunnedUntil = new Map<string, number>()
  #upstreams: readonly Upstream[]

  constructor(options: ForwarderOptions) {
    this.#options = options
    this.#log = options.log ?? silentLogger
    this.#cache = new ReplyCache({ clock: options.clock })
    this.#upstreams = options.upstreams
  }

  setUpstreams(upstreams: readonly Upstream[]): void {
    this.#upstreams = upstreams
  }

  /** Never rejects: when nobody answers, that is the reply. */
  ask(question: Question): Promise<Reply> {
    const cached = this.#cache.get(question)
    if (cached) return Promise.resolve(cached)
    const key = questionKey(question)
    const pending = this.#pending.get(key)
    if (pending) return pending
    const asking = this.#askAll(question).then(reply => {
      this.#pending.delete(key)
      this.#cache.put(question, reply)
      return reply
    })
    this.#pending.set(key, asking)
    return asking
  }

  async #askAll(question: Question): Promise<Reply> {
    let last: Reply = { rcode: 'SERVFAIL' }
    for (const upstream of this.#inOrder().slice(0, maxAttempts)) {
      const reply = await this.#askOne(upstream, question)
      if (reply?.rcode === 'NOERROR' || reply?.rcode === 'NXDOMAIN') return reply
      if (reply) last = reply
    }
    return this.#withoutOtherFamily(question) ?? last
  }

  /**
   * Some servers fail when they are asked for the family that a name lacks. Resolvers then give up the name
   * as a whole; when the other family is known, it is kinder to say that this one is empty.
   */
  #withoutOtherFamily({ name, type }: Question): Reply | undefined {
    if (!isAddressType(type)) return undefined
    const others = ['A', 'AAAA'].filter(other => other !== type)
    const isKnown = others.some(other => (this.#cache.get({ name, type: other })?.answers?.length ?? 0) > 0)
    return isKnown ? { rcode: 'NOERROR' } : undefined
  }

  async #askOne(upstream: Upstream, question: Question): Promise<Reply | undefined> {
    const { clock, timeoutMs = 1500 } = this.#options
    try {
      const reply = await exchange(upstream, question, { clock, timeoutMs })
      this.#shunnedUntil.delete(keyOf(upstream))
      return reply
    } catch (error) {
      if (!this.#isShunned(upstream)) this.#log.warn('a name server fails', { error: String(error) })
      this.#shunnedUntil.set(keyOf(upstream), clock.monotonic() + shunMs)
      return undefined
    }
  }

  #isShunned = (upstream: Upstream): boolean =>
    (this.#shunnedUntil.get(keyOf(upstream)) ?? Number.NEGATIVE_INFINITY) > this.#options.clock.monotonic()

  #inOrder(): Upstream[] {
    const healthy = this.#upstreams.filter(upstream => !this.#isShunned(upstream))
    return [...healthy, ...this.#upstreams.filter(this.#isShunned)]
  }
}
