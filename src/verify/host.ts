// The machine that runs verify, as a client of the cluster's outside: which families it has and whether it
// gets through to an address.
import { resolve4, resolve6 } from 'node:dns/promises'
import { request } from 'node:http'
import { connect, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Clock, systemClock } from '../component/clock.ts'
import { parseAddress } from '../ip/address.ts'
import type { IPFamily } from '../ip/family.ts'
import { isLinkLocal, isLoopback } from '../ip/special.ts'

export type Attempt =
  | { readonly outcome: 'connected'; readonly milliseconds: number; readonly body?: string }
  | { readonly outcome: 'refused' | 'timedOut' | 'unreachable'; readonly detail: string }

export interface ConnectOptions {
  readonly path?: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface Host {
  /** Families of its addresses beyond loopback and link-local; what is not among them cannot be judged. */
  readonly families: readonly IPFamily[]
  /** Connects and, with `path`, GETs it over plain HTTP. */
  connect(address: string, port: number, options: ConnectOptions): Promise<Attempt>
  /** The addresses that DNS here has for a name; none when it has none or does not answer. */
  resolve(name: string, family: IPFamily): Promise<readonly string[]>
}

/** Enough for any answer of ours; the rest is thrown away. */
const bodyLimit = 64 * 1024

function familiesOfThisMachine(): IPFamily[] {
  const addresses = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  const families = addresses
    .map(({ address }) => parseAddress(address.replace(/%.*$/, '')))
    .filter(address => address !== undefined)
    .filter(address => !isLoopback(address) && !isLinkLocal(address))
    .map(({ family }) => family)
  return [...new Set(families)].sort()
}

function failedAttempt(error: unknown): Attempt {
  const { code, message } = error as NodeJS.ErrnoException
  const detail = code ?? message
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return { outcome: 'refused', detail }
  if (code === 'ETIMEDOUT') return { outcome: 'timedOut', detail }
  return { outcome: 'unreachable', detail }
}

class ThisMachine implements Host {
  readonly families = familiesOfThisMachine()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async resolve(name: string, family: IPFamily): Promise<readonly string[]> {
    return lookUp[family](name).catch(() => [])
  }

  async connect(address: string, port: number, options: ConnectOptions): Promise<Attempt> {
    const giveUp = new AbortController()
    const timer = this.#clock.after(options.timeoutMs, () => giveUp.abort())
    const signal = options.signal ? AbortSignal.any([options.signal, giveUp.signal]) : giveUp.signal
    const began = this.#clock.monotonic()
    try {
      const { path } = options
      const body =
        path === undefined
          ? await openConnection(address, port, signal)
          : await getOnce({ address, port, path }, signal)
      const milliseconds = Math.round(this.#clock.monotonic() - began)
      return { outcome: 'connected', milliseconds, ...(body === undefined ? {} : { body }) }
    } catch (error) {
      options.signal?.throwIfAborted()
      const detail = `no answer within ${options.timeoutMs} ms`
      return giveUp.signal.aborted ? { outcome: 'timedOut', detail } : failedAttempt(error)
    } finally {
      timer.cancel()
    }
  }
}

const lookUp: Readonly<Record<IPFamily, (name: string) => Promise<string[]>>> = {
  IPv4: resolve4,
  IPv6: resolve6,
}

function openConnection(host: string, port: number, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, family: isIP(host) })
    const onAbort = () => socket.destroy(new Error('given up'))
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('connect', () => {
      resolve(undefined)
      socket.destroy()
    })
    socket.once('error', reject)
    socket.once('close', () => signal.removeEventListener('abort', onAbort))
  })
}

function getOnce(
  target: { readonly address: string; readonly port: number; readonly path: string },
  signal: AbortSignal,
): Promise<string> {
  const { address, port, path } = target
  return new Promise((resolve, reject) => {
    const sent = request({ host: address, port, path, agent: false, signal }, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (body.length < bodyLimit) body += chunk
      })
      response.on('end', () => resolve(body.trim()))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** This machine as it is now. */
export const thisMachine = (clock: Clock = systemClock): Host => new ThisMachine(clock)
