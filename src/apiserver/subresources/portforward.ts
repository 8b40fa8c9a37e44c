// pods/portforward: connections to a Pod's ports, over SPDY or SPDY inside a WebSocket.
import type { Call } from '../endpoints/call.ts'
import type { Reply } from '../request.ts'
import {
  type PortForwardOptions,
  portForwardProtocol,
  portForwardTunnel,
  servePortForward,
} from '../streaming/portforward.ts'
import {
  chooseProtocol,
  refuseProtocols,
  spdyProtocols,
  switchToSpdy,
  upgradeProtocolOf,
  upgradeReply,
  webSocketProtocols,
} from '../streaming/upgrade.ts'
import { acceptWebSocket, type UpgradedConnection } from '../streaming/websocket.ts'
import type { StreamingContext } from './exec.ts'
import { containerReference, kubeletOf, podOf } from './podtarget.ts'

async function serveTunnel(connection: UpgradedConnection, options: PortForwardOptions) {
  const webSocket = await acceptWebSocket(connection, portForwardTunnel)
  const { createWebSocketStream } = await import('ws')
  servePortForward({ socket: createWebSocketStream(webSocket), head: Buffer.alloc(0) }, options)
}

export async function podPortForward(call: Call, context: StreamingContext): Promise<Reply> {
  const { request, clock, connector } = context
  const isSpdy = upgradeProtocolOf(request) === 'spdy'
  const asked = isSpdy ? spdyProtocols(request) : webSocketProtocols(request)
  const supported = [isSpdy ? portForwardProtocol : portForwardTunnel]
  const protocol = chooseProtocol(asked, supported)
  if (protocol === undefined) return refuseProtocols(asked, supported)
  const pod = await podOf(call)
  const kubelet = await kubeletOf(pod, connector)
  const reference = containerReference(pod, '')
  const options: PortForwardOptions = {
    clock,
    target: `pod ${reference.pod}, uid ${reference.uid}`,
    connect: port => kubelet.portForward(reference, port),
  }
  return upgradeReply((socket, head) => {
    if (!isSpdy) {
      void serveTunnel({ request, socket, head }, options).catch(() => socket.destroy())
      return
    }
    socket.write(switchToSpdy(protocol))
    servePortForward({ socket, head }, options)
  })
}
