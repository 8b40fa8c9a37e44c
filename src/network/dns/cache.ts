// What others have answered, for as long as they say it may be kept (RFC 2308 for names and types that do
// not exist, RFC 9520 for failures), and no longer than half a minute, as Kubernetes clusters are set up.
import type { Clock } from '../../component/clock.ts'
import type { DNSRecord, Question, Reply } from './message.ts'

const maxTTL = 30
/** A failure is remembered for so long, so that a dead server does not hold up everybody. */
const failureTTL = 1

interface Entry {
  readonly reply: Reply
  readonly storedAt: number
  readonly expiresAt: number
}

export const questionKey = ({ name, type, dnssecOk }: Question): string =>
  `${type} ${name}${dnssecOk ? ' DO' : ''}`

function keepSeconds(reply: Reply): number {
  if (reply.rcode !== 'NOERROR' && reply.rcode !== 'NXDOMAIN') return failureTTL
  const { answers = [], authorities = [] } = reply
  if (answers.length > 0 && reply.rcode === 'NOERROR') {
    return Math.min(maxTTL, ...answers.map(record => record.ttl))
  }
  const authority = authorities.find(record => record.type === 'SOA')
  if (!authority) return 0
  const { minimum = 0 } = authority.data as { minimum?: number }
  return Math.min(maxTTL, authority.ttl, minimum)
}

const aged = (records: readonly DNSRecord[] | undefined, seconds: number) =>
  records?.map(record => ({ ...record, ttl: Math.max(0, record.ttl - seconds) }))

export class ReplyCache {
  readonly #clock: Clock
  readonly #maxEntries: number
  readonly #entries = new Map<string, Entry>()

  constructor(options: { readonly clock: Clock; readonly maxEntries?: number }) {
    this.#clock = options.clock
    this.#maxEntries = options.maxEntries ?? 10_000
  }

  get size(): number {
    return this.#entries.size
  }

  /** With the time that is left in its records. */
  get(question: Question): Reply | undefined {
    const key = questionKey(question)
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    const now = this.#clock.monotonic()
    if (now >= entry.expiresAt) {
      this.#entries.delete(key)
      return undefined
    }
    const seconds = Math.floor((now - entry.storedAt) / 1000)
    if (seconds === 0) return entry.reply
    const { answers, authorities, additionals } = entry.reply
    return {
      ...entry.reply,
      answers: aged(answers, seconds) ?? [],
      authorities: aged(authorities, seconds) ?? [],
      additionals: aged(additionals, seconds) ?? [],
    }
  }

  /** The oldest make room. */
  put(question: Question, reply: Reply): void {
    const keepMs = keepSeconds(reply) * 1000
    if (keepMs <= 0) return
    const key = questionKey(question)
    this.#entries.delete(key)
    const storedAt = this.#clock.monotonic()
    this.#entries.set(key, { reply, storedAt, expiresAt: storedAt + keepMs })
    if (this.#entries.size <= this.#maxEntries) return
    const [oldest] = this.#entries.keys()
    this.#entries.delete(oldest!)
  }
}
