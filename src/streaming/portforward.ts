// port-forward: for every connection a client accepts it opens two SPDY streams, one for data and one for
// errors, joined by their request id (protocol portforward.k8s.io; KEP-4006 tunnels the same SPDY bytes
// through a WebSocket).
import type { Duplex } from 'node:stream'
import type { Clock } from '../component/clock.ts'
import { endWhenIdle } from './idle.ts'
import { forwardPortChannels, parsePorts, portChannelsProtocol } from './portchannels.ts'
import { SpdyConnection, type SpdyStream } from './spdy.ts'
import { negotiate, switchToSpdy, type UpgradeAnswer, type UpgradeRequest } from './upgrade.ts'
import { acceptWebSocket, type UpgradedConnection } from './websocket.ts'

const portForwardProtocol = 'portforward.k8s.io'
const portForwardTunnel = 'SPDY/3.1+portforward.k8s.io'

const pairTimeoutMs = 30_000

export interface PortForwardOptions {
  /** Opens a connection to a port of the Pod; rejects with the reason why it cannot. */
  readonly connect: (port: number) => Promise<Duplex>
  /** For messages: `pod p, uid u`. */
  readonly target: string
  readonly clock: Clock
  /** As the request names them; only clients that do not use SPDY need it. */
  readonly ports: readonly string[]
}

interface Pair {
  data?: SpdyStream
  error?: SpdyStream
  readonly cancelTimeout: () => void
}

/** Pairs without a request id, from old clients: the error stream's id is the data stream's minus two. */
function requestIdOf(stream: SpdyStream): string {
  const sent = stream.headers.requestid
  if (sent) return sent
  return String(stream.headers.streamtype === 'error' ? stream.id : stream.id - 2)
}

const endOf = (stream: Duplex) =>
  new Promise<void>(resolve => {
    stream.once('end', resolve)
    stream.once('close', resolve)
  })

/** Rejects when the connection to the Pod fails. */
async function join(data: SpdyStream, remote: Duplex): Promise<void> {
  // Gone while the connection was being made: nothing will say so again.
  if (data.destroyed) {
    remote.destroy()
    return
  }
  let failure: Error | undefined
  remote.on('error', error => {
    failure = error
  })
  data.pipe(remote)
  remote.pipe(data)
  data.once('close', () => remote.destroy())
  await endOf(remote)
  if (failure) throw failure
  data.end()
}

function explain(target: string, port: number, reason: unknown): string {
  const why = reason instanceof Error ? reason.message : String(reason)
  return why.startsWith('error forwarding port') ? why : `error forwarding port ${port} to ${target}: ${why}`
}

async function forward(pair: Required<Pair>, options: PortForwardOptions) {
  const { data, error } = pair
  const port = Number(data.headers.port)
  try {
    await join(data, await options.connect(port))
  } catch (reason) {
    error.write(explain(options.target, port, reason))
    data.end()
  }
  error.end()
}

const isPort = (text: string | undefined) =>
  text !== undefined && /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535

/** Serves a client's forwarded connections until it goes away. */
function forwardConnections(
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  options: PortForwardOptions,
): SpdyConnection {
  const pairs = new Map<string, Pair>()
  const pairOf = (id: string): Pair => {
    const known = pairs.get(id)
    if (known) return known
    const timer = options.clock.after(pairTimeoutMs, () => {
      const late = pairs.get(id)
      pairs.delete(id)
      late?.error?.end(`request ${id} timed out waiting for streams`)
      late?.data?.destroy()
    })
    const pair: Pair = { cancelTimeout: () => timer.cancel() }
    pairs.set(id, pair)
    return pair
  }
  return new SpdyConnection(socket, head, {
    onStream(stream) {
      const { streamtype, port } = stream.headers
      if (!isPort(port) || (streamtype !== 'data' && streamtype !== 'error')) {
        stream.destroy()
        return
      }
      const id = requestIdOf(stream)
      const pair = pairOf(id)
      pair[streamtype] = stream
      const { data, error, cancelTimeout } = pair
      if (!data || !error) return
      cancelTimeout()
      pairs.delete(id)
      void forward({ data, error, cancelTimeout }, options)
    },
    onClose() {
      for (const { cancelTimeout } of pairs.values()) cancelTimeout()
      pairs.clear()
    },
  })
}

async function serveTunnel(connection: UpgradedConnection, options: PortForwardOptions) {
  const webSocket = await acceptWebSocket(connection, portForwardTunnel)
  const { createWebSocketStream } = await import('ws')
  forwardConnections({ socket: createWebSocketStream(webSocket), head: Buffer.alloc(0) }, options)
}

const supported = { spdy: [portForwardProtocol], websocket: [portForwardTunnel, portChannelsProtocol] }

/** Throws what `start` throws, and BadRequest for what is no upgrade. */
export async function servePortForward(
  request: UpgradeRequest,
  start: () => Promise<PortForwardOptions>,
): Promise<UpgradeAnswer> {
  const found = negotiate(request, supported)
  if ('type' in found) return found
  const options = await start()
  const usesChannels = found.upgrade === 'websocket' && found.protocol === portChannelsProtocol
  const ports = usesChannels ? parsePorts(options.ports) : []
  return {
    type: 'serve',
    serve(socket, head) {
      endWhenIdle(socket, options.clock)
      if (usesChannels) {
        const { connect, target } = options
        const channels = { ports, connect, explain: explain.bind(undefined, target) }
        void forwardPortChannels({ request, socket, head }, channels).catch(() => socket.destroy())
        return
      }
      if (found.upgrade === 'websocket') {
        void serveTunnel({ request, socket, head }, options).catch(() => socket.destroy())
        return
      }
      socket.write(switchToSpdy(found.protocol))
      forwardConnections({ socket, head }, options)
    },
  }
}
