// pods/attach: the streams of a container's own process.
import { serveCommand } from '../../streaming/command.ts'
import type { Call } from '../endpoints/call.ts'
import type { Reply } from '../request.ts'
import { replyOf, streamSelectionOf } from './command.ts'
import type { StreamingContext } from './exec.ts'
import { chooseContainer, containerReference, kubeletOf, podOf } from './podtarget.ts'

export async function podAttach(call: Call, context: StreamingContext): Promise<Reply> {
  const { request, clock, connector } = context
  const pod = await podOf(call)
  const container = chooseContainer(pod, call.query.get('container'))
  const selection = streamSelectionOf(call.query)
  const kubelet = await kubeletOf(pod, connector)
  const start = () => kubelet.attach(containerReference(pod, container), selection)
  return replyOf(await serveCommand({ request, clock, selection, start }))
}
