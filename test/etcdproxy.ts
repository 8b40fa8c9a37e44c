// Stands before an etcd member and does to its answers what networks and members do: holds watches back while
// calls pass, or resets what is under way.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { loopbackAddress } from '../src/ip/family.ts'
import { joinHostPort } from '../src/ip/hostport.ts'

export class EtcdProxy {
  readonly #server: Http2Server
  readonly #upstream: ClientHttp2Session
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #watches = new Set<ClientHttp2Stream>()

  private constructor(target: string) {
    this.#upstream = connect(target)
    this.#upstream.on('error', () => undefined)
    this.#server = createServer()
    this.#server.on('session', session => {
      this.#sessions.add(session)
      session.once('close', () => this.#sessions.delete(session))
    })
    this.#server.on('stream', (stream, headers) => {
      const { ':path': path, ':method': method, 'content-type': type } = headers
      const up = this.#upstream.request({
        ':path': path,
        ':method': method,
        'content-type': type,
        te: 'trailers',
      })
      this.#join(stream, up, String(path).endsWith('/Watch'))
    })
  }

  /** Resolves when it listens. */
  static async start(target: string): Promise<EtcdProxy> {
    const proxy = new EtcdProxy(target)
    await new Promise<void>(resolve => proxy.#server.listen(0, loopbackAddress.IPv6, resolve))
    return proxy
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://${joinHostPort(loopbackAddress.IPv6, port)}`
  }

  /** Nothing comes through any more of the watches that there are; those that are begun later pass. */
  hold(): void {
    for (const watch of this.#watches) watch.pause()
  }

  /** What has been held back comes. */
  release(): void {
    for (const watch of this.#watches) watch.resume()
  }

  /** Connections of clients break, calls and watches with them. */
  cut(): void {
    for (const session of this.#sessions) session.destroy()
  }

  async stop(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    this.cut()
    this.#upstream.destroy()
    await closed
  }

  #join(stream: ServerHttp2Stream, up: ClientHttp2Stream, isWatch: boolean): void {
    let trailers = {}
    let isEnded = false
    for (const side of [stream, up]) side.on('error', () => undefined)
    stream.once('close', () => {
      this.#watches.delete(up)
      up.destroy()
    })
    up.once('close', () => {
      if (!isEnded) stream.destroy()
    })
    stream.pipe(up)
    up.on('trailers', headers => {
      trailers = headers
    })
    up.once('response', headers => {
      const { ':status': status, 'content-type': type, 'grpc-status': code, 'grpc-message': text } = headers
      const more = code === undefined ? {} : { 'grpc-status': code, 'grpc-message': text }
      stream.respond({ ':status': status, 'content-type': type, ...more }, { waitForTrailers: true })
    })
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    up.on('data', chunk => void stream.write(chunk))
    up.once('end', () => {
      isEnded = true
      stream.end()
    })
    if (isWatch) this.#watches.add(up)
  }
}
