// A gRPC server for tests that answers as it is told.
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { loopbackAddress } from '../ip/family.ts'
import { joinHostPort } from '../ip/hostport.ts'

function frame(body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(body.length, 1)
  return Buffer.concat([head, body])
}

/** One call of a client. */
export interface FakeCall {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** The first message. */
  readonly message: Buffer
  send(body: Buffer): void
  end(status?: number, text?: string): void
  /** Cuts the connection. */
  cut(): void
}

export class FakeGRPCServer {
  readonly #server: Http2Server
  readonly #streams = new Set<ServerHttp2Stream>()

  private constructor(server: Http2Server) {
    this.#server = server
  }

  static async start(answer: (call: FakeCall) => void, port = 0): Promise<FakeGRPCServer> {
    const server = new FakeGRPCServer(createServer())
    server.#server.on('stream', (stream, headers) => server.#serve(stream, headers, answer))
    await new Promise<void>(resolve => server.#server.listen(port, loopbackAddress.IPv6, resolve))
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://${joinHostPort(loopbackAddress.IPv6, this.port)}`
  }

  async stop(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const stream of this.#streams) stream.session?.destroy()
    await closed
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, answer: (call: FakeCall) => void): void {
    this.#streams.add(stream)
    stream.on('error', () => undefined)
    stream.once('close', () => this.#streams.delete(stream))
    let status: Record<string, string> = {}
    stream.on('wantTrailers', () => stream.sendTrailers(status))
    let bytes = Buffer.alloc(0)
    const read = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length < 5 || bytes.length < 5 + bytes.readUInt32BE(1)) return
      stream.off('data', read)
      stream.resume()
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      answer({
        path: String(headers[':path']),
        headers,
        message: bytes.subarray(5, 5 + bytes.readUInt32BE(1)),
        send: body => void stream.write(frame(body)),
        end(code = 0, text = '') {
          status = { 'grpc-status': String(code), 'grpc-message': text }
          stream.end()
        },
        cut: () => stream.session?.destroy(),
      })
    }
    stream.on('data', read)
  }
}
