// exec and attach over SPDY: the client opens one stream for errors and one for each of stdin, stdout,
// stderr and resize that it wants (protocol v4.channel.k8s.io).
import type { Duplex } from 'node:stream'
import type { TerminalSize } from '../api/kubeletapi.ts'
import type { Clock } from '../component/clock.ts'
import { type ClientStreams, parseTerminalSize, type StreamSelection } from './remotecommand.ts'
import { SpdyConnection, type SpdyStream } from './spdy.ts'

export const spdyCommandProtocols: readonly string[] = ['v4.channel.k8s.io']

/** Upstream's DefaultStreamCreationTimeout. */
const streamCreationTimeoutMs = 30_000

function expectedStreams({ stdin, stdout, stderr, tty }: StreamSelection): string[] {
  return [
    'error',
    ...(stdin ? ['stdin'] : []),
    ...(stdout ? ['stdout'] : []),
    ...(stderr && !tty ? ['stderr'] : []),
    ...(tty ? ['resize'] : []),
  ]
}

/** As JSON; what goes on is none. */
const longestSize = 1000

/** Sizes come as JSON values one after the other. */
function readSizes(stream: SpdyStream, callback: (size: TerminalSize) => void) {
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}')) {
      const size = parseTerminalSize(text.slice(0, end + 1))
      text = text.slice(end + 1)
      if (size) callback(size)
    }
    if (text.length > longestSize) stream.destroy()
  })
}

function clientStreams(
  connection: SpdyConnection,
  streams: ReadonlyMap<string, SpdyStream>,
  closed: Promise<void>,
): ClientStreams {
  const stdin = streams.get('stdin')
  const stdout = streams.get('stdout')
  const stderr = streams.get('stderr')
  return {
    ...(stdin ? { stdin } : {}),
    ...(stdout ? { stdout } : {}),
    ...(stderr ? { stderr } : {}),
    onResize(callback) {
      const resize = streams.get('resize')
      if (resize) readSizes(resize, callback)
    },
    async finish(status) {
      const error = streams.get('error')!
      await new Promise<void>(resolve => {
        error.once('close', resolve)
        error.end(JSON.stringify(status), () => resolve())
      })
      stdin?.end()
      // Nobody wants it any more; unread, it would keep the client's end from being seen.
      stdin?.unpipe().resume()
      connection.close()
    },
    onClose: callback => void closed.then(callback),
  }
}

/** Resolves once the client has opened all streams; undefined when it did not in time or went away. */
export function acceptSpdyCommand(
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  selection: StreamSelection,
  clock: Clock,
): Promise<ClientStreams | undefined> {
  return new Promise(resolve => {
    const missing = new Set(expectedStreams(selection))
    const streams = new Map<string, SpdyStream>()
    let onClose = () => undefined as undefined
    const closed = new Promise<void>(done => {
      onClose = () => void done()
    })
    const connection = new SpdyConnection(socket, head, {
      onStream(stream) {
        const type = stream.headers.streamtype ?? ''
        if (!missing.delete(type)) {
          stream.destroy()
          return
        }
        streams.set(type, stream)
        if (missing.size > 0) return
        timer.cancel()
        resolve(clientStreams(connection, streams, closed))
      },
      onClose() {
        timer.cancel()
        onClose()
        resolve(undefined)
      },
    })
    const timer = clock.after(streamCreationTimeoutMs, () => connection.destroy())
  })
}
