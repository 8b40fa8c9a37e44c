// What exec and attach share: the session with the kubelet is there before the connection is upgraded, so
// that what cannot be run is refused as any other request is.
import type { ExecSession } from '../../api/kubeletapi.ts'
import { badRequest } from '../../api/status.ts'
import type { Clock } from '../../component/clock.ts'
import type { Query } from '../query.ts'
import type { Reply, ServerRequest } from '../request.ts'
import { type ClientStreams, runSession, type StreamSelection } from '../streaming/remotecommand.ts'
import { acceptSpdyCommand, spdyCommandProtocols } from '../streaming/spdycommand.ts'
import {
  chooseProtocol,
  refuseProtocols,
  spdyProtocols,
  switchToSpdy,
  upgradeProtocolOf,
  upgradeReply,
  webSocketProtocols,
} from '../streaming/upgrade.ts'
import { acceptWebSocketCommand, webSocketCommandProtocols } from '../streaming/websocket.ts'

/** Which streams the client wants. Throws BadRequest when it is none. */
export function streamSelectionOf(query: Query): StreamSelection {
  const tty = query.flag('tty')
  const selection = {
    stdin: query.flag('stdin'),
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr') && !tty,
    tty,
  }
  if (selection.stdin || selection.stdout || selection.stderr) return selection
  throw badRequest('you must specify at least 1 of stdin, stdout, stderr')
}

async function run(session: ExecSession, client: Promise<ClientStreams | undefined>) {
  const streams = await client.catch(() => undefined)
  if (streams) await runSession(session, streams)
  else session.close()
}

export interface CommandRequest {
  readonly request: ServerRequest
  readonly clock: Clock
  readonly selection: StreamSelection
  readonly start: () => Promise<ExecSession>
}

/** Throws what `start` throws, and BadRequest for what is no upgrade. */
export async function commandReply({ request, clock, selection, start }: CommandRequest): Promise<Reply> {
  const upgrade = upgradeProtocolOf(request)
  const isSpdy = upgrade === 'spdy'
  const asked = isSpdy ? spdyProtocols(request) : webSocketProtocols(request)
  const supported = isSpdy ? spdyCommandProtocols : webSocketCommandProtocols
  const protocol = chooseProtocol(asked, supported)
  if (protocol === undefined) return refuseProtocols(asked, supported)
  const session = await start()
  return upgradeReply((socket, head) => {
    if (!isSpdy) {
      void run(session, acceptWebSocketCommand({ request, socket, head }, selection, protocol))
      socket.once('close', () => session.close())
      return
    }
    socket.write(switchToSpdy(protocol))
    void run(session, acceptSpdyCommand({ socket, head }, selection, clock))
  })
}
