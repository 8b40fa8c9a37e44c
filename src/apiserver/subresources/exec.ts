// pods/exec: a command in a container.
import type { KubeletConnector } from '../../api/kubeletapi.ts'
import { badRequest } from '../../api/status.ts'
import type { Clock } from '../../component/clock.ts'
import { serveCommand } from '../../streaming/command.ts'
import type { Call } from '../endpoints/call.ts'
import type { Reply, ServerRequest } from '../request.ts'
import { replyOf, streamSelectionOf } from './command.ts'
import { chooseContainer, containerReference, kubeletOf, podOf } from './podtarget.ts'

export interface StreamingContext {
  readonly request: ServerRequest
  readonly connector: KubeletConnector
  readonly clock: Clock
}

export async function podExec(call: Call, context: StreamingContext): Promise<Reply> {
  const { request, clock, connector } = context
  const pod = await podOf(call)
  const container = chooseContainer(pod, call.query.get('container'))
  const selection = streamSelectionOf(call.query)
  const command = call.query.all('command')
  if (command.length === 0) throw badRequest('you must specify at least one command for the container')
  const kubelet = await kubeletOf(pod, connector)
  const start = () => kubelet.exec(containerReference(pod, container), { ...selection, command })
  return replyOf(await serveCommand({ request, clock, selection, start }))
}
