// The client's half of SOCKS5 (RFC 1928), with user and password (RFC 1929): names are resolved by the proxy.
import { connect, type Socket } from 'node:net'
import { parseAddress } from '../ip/address.ts'
import { addressBits } from '../ip/family.ts'

const version = 5
const methods = { none: 0, password: 2 }
const addressTypes = { IPv4: 1, name: 3, IPv6: 4 }

/** Reads exactly so many bytes at a time. */
class ByteReader {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  async read(count: number): Promise<Buffer> {
    for (;;) {
      const chunk = this.#socket.read(count) as Buffer | null
      if (chunk?.length === count) return chunk
      if (chunk || this.#socket.readableEnded || this.#socket.destroyed) {
        throw new Error('the SOCKS5 proxy ended the connection')
      }
      await new Promise<void>(resolve => {
        const go = () => {
          for (const name of ['readable', 'end', 'error', 'close']) this.#socket.off(name, go)
          resolve()
        }
        for (const name of ['readable', 'end', 'error', 'close']) this.#socket.once(name, go)
      })
    }
  }
}

function encodeAddress(host: string): Buffer {
  const address = parseAddress(host)
  if (!address)
    return Buffer.concat([Buffer.from([addressTypes.name, Buffer.byteLength(host)]), Buffer.from(host)])
  const digits = addressBits[address.family] / 4
  const bytes = Buffer.from(address.value.toString(16).padStart(digits, '0'), 'hex')
  return Buffer.concat([Buffer.from([addressTypes[address.family]]), bytes])
}

async function logIn(socket: Socket, reader: ByteReader, proxy: URL): Promise<void> {
  const name = Buffer.from(decodeURIComponent(proxy.username))
  const password = Buffer.from(decodeURIComponent(proxy.password))
  const offered = name.length > 0 ? [methods.none, methods.password] : [methods.none]
  socket.write(Buffer.from([version, offered.length, ...offered]))
  const [, method] = await reader.read(2)
  if (method === methods.none) return
  if (method !== methods.password) throw new Error('the SOCKS5 proxy wants another kind of login')
  socket.write(Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([password.length]), password]))
  const [, status] = await reader.read(2)
  if (status !== 0) throw new Error('the SOCKS5 proxy does not accept the user and password of its URL')
}

const replies = [
  '',
  'general failure',
  'not allowed',
  'network unreachable',
  'host unreachable',
  'refused',
  'expired',
]

async function request(socket: Socket, reader: ByteReader, target: Buffer): Promise<void> {
  socket.write(Buffer.concat([Buffer.from([version, 1, 0]), target]))
  const [, reply = 0, , type] = await reader.read(4)
  if (reply !== 0) throw new Error(`the SOCKS5 proxy cannot connect: ${replies[reply] ?? `reply ${reply}`}`)
  const length = type === addressTypes.IPv4 ? 4 : type === addressTypes.IPv6 ? 16 : (await reader.read(1))[0]!
  await reader.read(length + 2)
}

export async function openSocks(proxy: URL, host: string, port: number): Promise<Socket> {
  const socket = connect({ host: proxy.hostname.replace(/^\[|\]$/g, ''), port: Number(proxy.port || 1080) })
  let failure: Error | undefined
  const onError = (error: Error) => {
    failure = error
  }
  socket.on('error', onError)
  try {
    const reader = new ByteReader(socket)
    await logIn(socket, reader, proxy)
    const portBytes = Buffer.from([port >> 8, port & 255])
    await request(socket, reader, Buffer.concat([encodeAddress(host), portBytes]))
    return socket
  } catch (error) {
    socket.destroy()
    throw failure ?? error
  } finally {
    socket.off('error', onError)
  }
}
