// A log over a WebSocket, for clients that can follow nothing else, browsers above all: one message for each
// piece, and the end when the log ends (k8s.io/apimachinery pkg/util/httpstream/wsstream/stream.go).
import type { Readable } from 'node:stream'
import { acceptWebSocket, normalClosure, sendMessage, type UpgradedConnection } from './websocket.ts'

export const webSocketReaderProtocols: readonly string[] = ['', 'binary.k8s.io', 'base64.binary.k8s.io']

/** Sends all there is; never rejects. The source ends with the client. */
export async function serveWebSocketReader(
  connection: UpgradedConnection,
  source: Readable,
  protocol: string,
): Promise<void> {
  const isText = protocol.startsWith('base64.')
  try {
    const socket = await acceptWebSocket(connection, protocol)
    socket.on('error', () => socket.terminate())
    socket.once('close', () => source.destroy())
    for await (const piece of source) {
      const bytes = Buffer.isBuffer(piece) ? piece : Buffer.from(piece)
      await sendMessage(socket, isText ? bytes.toString('base64') : bytes)
    }
    socket.close(normalClosure)
  } catch {
    // The client is gone, or what is read broke off: the connection is all that can say so.
    connection.socket.destroy()
  }
}
