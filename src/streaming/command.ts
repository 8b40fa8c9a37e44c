// exec and attach, the server's side: the session is there before the connection is upgraded, so that what
// cannot be run is refused as any other request is.
import type { ExecSession } from '../api/kubeletapi.ts'
import type { Clock } from '../component/clock.ts'
import { endWhenIdle } from './idle.ts'
import { type ClientStreams, runSession, type StreamSelection } from './remotecommand.ts'
import { acceptSpdyCommand, spdyCommandProtocols } from './spdycommand.ts'
import { negotiate, switchToSpdy, type UpgradeAnswer, type UpgradeRequest } from './upgrade.ts'
import { acceptWebSocketCommand, webSocketCommandProtocols } from './websocket.ts'

async function run(session: ExecSession, client: Promise<ClientStreams | undefined>) {
  const streams = await client.catch(() => undefined)
  if (streams) await runSession(session, streams)
  else session.close()
}

export interface CommandRequest {
  readonly request: UpgradeRequest
  readonly clock: Clock
  readonly selection: StreamSelection
  readonly start: () => Promise<ExecSession>
}

const supported = { spdy: spdyCommandProtocols, websocket: webSocketCommandProtocols }

/** Throws what `start` throws, and BadRequest for what is no upgrade. */
export async function serveCommand(asked: CommandRequest): Promise<UpgradeAnswer> {
  const { request, clock, selection, start } = asked
  const found = negotiate(request, supported)
  if ('type' in found) return found
  const session = await start()
  return {
    type: 'serve',
    serve(socket, head) {
      // Gone while the session was being made: nothing will say so again.
      if (socket.destroyed) {
        session.close()
        return
      }
      endWhenIdle(socket, clock)
      if (found.upgrade === 'websocket') {
        void run(session, acceptWebSocketCommand({ request, socket, head }, selection, found.protocol))
        socket.once('close', () => session.close())
        return
      }
      socket.write(switchToSpdy(found.protocol))
      void run(session, acceptSpdyCommand({ socket, head }, selection, clock))
    },
  }
}
