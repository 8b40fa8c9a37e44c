// Probes and hooks over the network: HTTP, TCP and gRPC health (grpc.health.v1), from the node to a Pod's
// primary address. What they say of failures is worded as Go's net package words it, as upstream's probes do
// (pkg/probe).
import { type IncomingMessage, type RequestOptions, request as requestHTTP } from 'node:http'
import { request as requestHTTPS } from 'node:https'
import { connect } from 'node:net'
import type { GRPCAction, HTTPGetAction, TCPSocketAction } from '../api/generated/types.ts'
import type { Clock } from '../component/clock.ts'
import { versionInfo } from '../component/version.ts'
import { GRPCChannel, GRPCError, grpcCode } from '../grpc/channel.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { defineMessage, integer, text } from '../protobuf/message.ts'

export type ProbeOutcome = 'success' | 'warning' | 'failure'

export interface ProbeResult {
  readonly outcome: ProbeOutcome
  /** What an Event says of it. */
  readonly output: string
}

/** Of the container that is asked. */
export interface ProbeTarget {
  /** The Pod's primary address. */
  readonly host: string
  /** By their names. */
  readonly ports: ReadonlyMap<string, number>
  readonly timeoutMs: number
}

const success: ProbeResult = { outcome: 'success', output: '' }
const failure = (output: string): ProbeResult => ({ outcome: 'failure', output })

/** Throws an Error that says why there is no such port. */
function portOf(port: number | string, { ports }: ProbeTarget): number {
  const known = typeof port === 'string' ? (ports.get(port) ?? Number(port)) : port
  if (Number.isInteger(known) && known >= 1 && known <= 65_535) return known
  throw new Error(`couldn't find port: ${port}`)
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ECONNRESET: 'read: connection reset by peer',
  ETIMEDOUT: 'i/o timeout',
}

function dialError(error: unknown, address: string): string {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException
  return `dial tcp ${address}: ${words[code] ?? message}`
}

/** Rejects as soon as the time is over; `use` is told then, and cleans up. */
async function within<T>(
  clock: Clock,
  timeoutMs: number,
  use: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const timer = clock.after(timeoutMs, () => late.abort(new TimeoutError()))
  try {
    return await use(late.signal)
  } catch (error) {
    throw late.signal.aborted ? late.signal.reason : error
  } finally {
    timer.cancel()
  }
}

class TimeoutError extends Error {}

const mostRedirects = 10
const mostBodyBytes = 10 * 1024

/** The probe's own take the place of the usual ones; an empty one leaves it out. */
function headersOf({ httpHeaders = [] }: HTTPGetAction): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    'user-agent': `kube-probe/${versionInfo.major}.${versionInfo.minor}`,
    accept: '*/*',
  }
  for (const key of new Set(httpHeaders.map(({ name }) => name.toLowerCase()))) {
    const values = httpHeaders.filter(({ name }) => name.toLowerCase() === key).map(({ value = '' }) => value)
    if (values.every(value => value === '')) delete headers[key]
    else headers[key] = values.length === 1 ? (values[0] ?? '') : values
  }
  return { ...headers, connection: 'close' }
}

function send(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Whoever the certificate names: a probe asks whether somebody is there.
    const sent =
      url.protocol === 'https:'
        ? requestHTTPS(url, { ...options, rejectUnauthorized: false, servername: '' })
        : requestHTTP(url, options)
    sent.once('response', resolve)
    sent.once('error', reject)
    sent.end()
  })
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer)
    length += (chunk as Buffer).length
    if (length >= mostBodyBytes) break
  }
  return Buffer.concat(chunks).toString('utf8', 0, mostBodyBytes)
}

const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status)

const healthRequest = defineMessage({ service: text(1) })
const healthResponse = defineMessage({ status: integer(1) })
const healthStates = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const serving = 1

export class NetworkProbes {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Answered with a status below 400. Redirects are followed on the same host. */
  async http(action: HTTPGetAction, target: ProbeTarget): Promise<ProbeResult> {
    const url = this.#urlOf(action, target)
    try {
      return await within(this.#clock, target.timeoutMs, signal => this.#get(url, action, signal))
    } catch (error) {
      const why =
        error instanceof TimeoutError
          ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
          : dialError(error, url.host)
      return failure(`Get "${url.href}": ${why}`)
    }
  }

  #urlOf({ scheme = 'HTTP', host, port, path = '/' }: HTTPGetAction, target: ProbeTarget): URL {
    const where = joinHostPort(host || target.host, portOf(port, target))
    return new URL(path.startsWith('/') ? path : `/${path}`, `${scheme.toLowerCase()}://${where}`)
  }

  async #get(url: URL, action: HTTPGetAction, signal: AbortSignal): Promise<ProbeResult> {
    let next = url
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const headers = headersOf(action)
      const answer = await send(next, { headers, agent: false, signal })
      const { statusCode: status = 0 } = answer
      const { location } = answer.headers
      if (!isRedirect(status) || !location) {
        const body = await bodyOf(answer)
        answer.destroy()
        if (status >= 200 && status < 400) return { outcome: 'success', output: body }
        return failure(`HTTP probe failed with statuscode: ${status}`)
      }
      answer.destroy()
      next = new URL(location, next)
      if (next.hostname !== url.hostname) {
        return { outcome: 'warning', output: `Probe terminated redirects, Response body: ` }
      }
    }
    return failure(`Get "${url.href}": stopped after ${mostRedirects} redirects`)
  }

  /** Somebody accepts a connection. */
  async tcp({ host, port }: TCPSocketAction, target: ProbeTarget): Promise<ProbeResult> {
    const name = host || target.host
    const number = portOf(port, target)
    const address = joinHostPort(name, number)
    try {
      await within(this.#clock, target.timeoutMs, signal => this.#dial(name, number, signal))
      return success
    } catch (error) {
      return failure(
        error instanceof TimeoutError ? `dial tcp ${address}: i/o timeout` : dialError(error, address),
      )
    }
  }

  #dial(host: string, port: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port })
      const end = (settle: () => void) => {
        socket.destroy()
        settle()
      }
      signal.addEventListener('abort', () => end(() => reject(signal.reason)), { once: true })
      socket.once('connect', () => end(resolve))
      socket.once('error', error => end(() => reject(error)))
    })
  }

  /** The health service says that it serves. */
  async grpc({ port, service = '' }: GRPCAction, target: ProbeTarget): Promise<ProbeResult> {
    const address = joinHostPort(target.host, port)
    const timeout = `${target.timeoutMs / 1000}s`
    let dialled = ''
    const open = () => {
      const socket = connect({ host: target.host, port })
      socket.once('error', error => {
        dialled = dialError(error, address)
      })
      return socket
    }
    const channel = new GRPCChannel(open, this.#clock)
    try {
      const call = { path: '/grpc.health.v1.Health/Check', message: healthRequest.encode({ service }) }
      const { status } = healthResponse.decode(await channel.call(call, target.timeoutMs))
      if (status === serving) return success
      return failure(`service unhealthy (responded with "${healthStates[status] ?? status}")`)
    } catch (error) {
      if (!(error instanceof GRPCError)) throw error
      if (dialled !== '') return failure(`error: failed to connect service "${address}": ${dialled}`)
      if (error.code === grpcCode.deadlineExceeded) {
        return failure(`timeout: health rpc did not complete within ${timeout}`)
      }
      if (error.code === grpcCode.unimplemented) {
        return failure(
          'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)',
        )
      }
      return failure(`error: health rpc probe failed: ${error.message}`)
    } finally {
      channel.close()
    }
  }
}
