// One question to one other server: over UDP from a port of its own (a guess at the answer must hit port and
// id), and again over TCP when the answer was cut short.
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { Clock } from '../../component/clock.ts'
import { familyOf, type IPFamily } from '../../ip/family.ts'
import { joinHostPort } from '../../ip/hostport.ts'
import { type ForeignReply, formatQuery, parseReply, type Question, type Reply } from './message.ts'

export interface Upstream {
  readonly address: string
  readonly port: number
}

export interface ExchangeOptions {
  readonly clock: Clock
  readonly timeoutMs: number
}

const socketTypes: Readonly<Record<IPFamily, 'udp4' | 'udp6'>> = { IPv4: 'udp4', IPv6: 'udp6' }
const withoutZone = (address: string) => address.replace(/%.*$/, '')

const isAnswer = ({ id, question }: ForeignReply, asked: { id: number; question: Question }) =>
  id === asked.id && question.name === asked.question.name && question.type === asked.question.type

const noAnswer = ({ address, port }: Upstream, why: string) =>
  new Error(`Cannot get an answer from ${joinHostPort(address, port)}: ${why}`)

/** Settles once: with the answer, the first error, or when time is up; `close` runs in any case. */
function settleOnce<T>(
  begin: (done: { resolve(value: T): void; reject(error: Error): void }) => () => void,
  { clock, timeoutMs, late }: ExchangeOptions & { readonly late: Error },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      timer.cancel()
      close()
      finish()
    }
    const timer = clock.after(timeoutMs, () => settle(() => reject(late)))
    const close = begin({
      resolve: value => settle(() => resolve(value)),
      reject: error => settle(() => reject(error)),
    })
  })
}

function askOverUDP(upstream: Upstream, question: Question, options: ExchangeOptions): Promise<ForeignReply> {
  const id = randomInt(0x10000)
  const late = noAnswer(upstream, 'no answer came in time')
  return settleOnce(
    done => {
      const socket = createSocket(socketTypes[familyOf(withoutZone(upstream.address)) ?? 'IPv6'])
      socket.on('error', error => done.reject(noAnswer(upstream, error.message)))
      socket.on('message', bytes => {
        const reply = parseReply(bytes)
        if (reply && isAnswer(reply, { id, question })) done.resolve(reply)
      })
      socket.connect(upstream.port, upstream.address, () => socket.send(formatQuery(id, question)))
      return () =>
        socket
          .removeAllListeners()
          .on('error', () => undefined)
          .close()
    },
    { ...options, late },
  )
}

function askOverTCP(upstream: Upstream, question: Question, options: ExchangeOptions): Promise<ForeignReply> {
  const id = randomInt(0x10000)
  const late = noAnswer(upstream, 'no answer came in time over TCP')
  return settleOnce(
    done => {
      let received = Buffer.alloc(0)
      const socket = connect(upstream.port, upstream.address, () => {
        const bytes = formatQuery(id, question)
        const length = Buffer.alloc(2)
        length.writeUInt16BE(bytes.length)
        socket.write(Buffer.concat([length, bytes]))
      })
      socket.on('error', error => done.reject(noAnswer(upstream, error.message)))
      socket.on('close', () => done.reject(noAnswer(upstream, 'the connection was closed')))
      socket.on('data', bytes => {
        received = Buffer.concat([received, bytes])
        if (received.length < 2 || received.length < received.readUInt16BE(0) + 2) return
        const reply = parseReply(received.subarray(2, received.readUInt16BE(0) + 2))
        if (reply && isAnswer(reply, { id, question })) done.resolve(reply)
        else done.reject(noAnswer(upstream, 'it is no answer to the question'))
      })
      return () =>
        socket
          .removeAllListeners()
          .on('error', () => undefined)
          .destroy()
    },
    { ...options, late },
  )
}

/** Rejects when nothing that is an answer comes in time. */
export async function exchange(
  upstream: Upstream,
  question: Question,
  options: ExchangeOptions,
): Promise<Reply> {
  const { truncated, reply } = await askOverUDP(upstream, question, options)
  return truncated ? (await askOverTCP(upstream, question, options)).reply : reply
}
