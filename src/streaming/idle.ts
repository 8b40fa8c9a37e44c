// Ends a stream of exec, attach or port-forward on which nothing has been said for hours: who has forgotten
// it costs nothing for ever (the kubelet's streamingConnectionIdleTimeout). A ping is something said, so a
// client that asks whether the server is still there keeps its stream.
import type { Duplex } from 'node:stream'
import type { Clock, Timer } from '../component/clock.ts'

/** Upstream's default. */
export const idleTimeoutMs = 4 * 60 * 60 * 1000

/** A stream ends after one and at the latest one and a quarter of the time. */
const checksPerTimeout = 4

/** Bytes that went either way; undefined: nobody counts. */
function bytesOn(socket: Duplex & { bytesRead?: number; bytesWritten?: number }): number | undefined {
  const { bytesRead, bytesWritten } = socket
  return bytesRead === undefined || bytesWritten === undefined ? undefined : bytesRead + bytesWritten
}

export function endWhenIdle(socket: Duplex, clock: Clock): void {
  let bytes = bytesOn(socket)
  if (bytes === undefined || socket.destroyed) return
  let idleChecks = 0
  let timer: Timer
  const check = () => {
    const now = bytesOn(socket)
    idleChecks = now === bytes ? idleChecks + 1 : 0
    bytes = now
    if (idleChecks >= checksPerTimeout) socket.destroy()
    else timer = clock.after(idleTimeoutMs / checksPerTimeout, check)
  }
  timer = clock.after(idleTimeoutMs / checksPerTimeout, check)
  socket.once('close', () => timer.cancel())
}
