// pods/portforward: connections to a Pod's ports, over SPDY or SPDY inside a WebSocket.
import { servePortForward } from '../../streaming/portforward.ts'
import type { Call } from '../endpoints/call.ts'
import type { Reply } from '../request.ts'
import { replyOf } from './command.ts'
import type { StreamingContext } from './exec.ts'
import { containerReference, kubeletOf, podOf } from './podtarget.ts'

export async function podPortForward(call: Call, context: StreamingContext): Promise<Reply> {
  const { request, clock, connector } = context
  const start = async () => {
    const pod = await podOf(call)
    const kubelet = await kubeletOf(pod, connector)
    const reference = containerReference(pod, '')
    return {
      clock,
      ports: call.query.all('ports'),
      target: `pod ${reference.pod}, uid ${reference.uid}`,
      connect: (port: number) => kubelet.portForward(reference, port),
    }
  }
  return replyOf(await servePortForward(request, start))
}
