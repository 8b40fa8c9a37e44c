// GET pods/log: a container's output as plain text, whole or followed.
import { Readable } from 'node:stream'
import { type FieldError, invalid, invalidValue } from '../../api/fields.ts'
import type { KubeletConnector, LogOptions } from '../../api/kubeletapi.ts'
import { negotiate, wantsWebSocket } from '../../streaming/upgrade.ts'
import { serveWebSocketReader, webSocketReaderProtocols } from '../../streaming/websocketreader.ts'
import type { Call } from '../endpoints/call.ts'
import type { Query } from '../query.ts'
import type { Reply, ReplyStream, ServerRequest } from '../request.ts'
import { replyOf, upgradeReply } from './command.ts'
import { chooseContainer, containerReference, kubeletOf, podOf } from './podtarget.ts'

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

function atLeast(field: string, value: number | undefined, least: number): FieldError[] {
  if (value === undefined || value >= least) return []
  const detail = `must be greater than${least === 0 ? ' or equal to' : ''} 0`
  return [invalidValue(field, value, detail)]
}

/** Throws Invalid. */
export function logOptionsOf(query: Query, podName: string): LogOptions {
  const tailLines = query.integer('tailLines')
  const limitBytes = query.integer('limitBytes')
  const sinceSeconds = query.integer('sinceSeconds')
  const sinceTime = query.get('sinceTime') || undefined
  const both = sinceSeconds !== undefined && sinceTime !== undefined
  const errors = [
    ...atLeast('tailLines', tailLines, 0),
    ...atLeast('limitBytes', limitBytes, 1),
    ...(both
      ? [
          {
            reason: 'FieldValueForbidden',
            field: '',
            message: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
          } as const,
        ]
      : atLeast('sinceSeconds', sinceSeconds, 1)),
    ...(sinceTime !== undefined && !rfc3339.test(sinceTime)
      ? [invalidValue('sinceTime', sinceTime, 'must be a time in RFC 3339 format')]
      : []),
  ]
  const target = { group: '', resource: 'pods', kind: 'PodLogOptions' }
  if (errors.length > 0) throw invalid(target, podName, errors)
  return {
    follow: query.flag('follow'),
    previous: query.flag('previous'),
    timestamps: query.flag('timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
  }
}

/** So much may wait for a client before the log is read no further. */
const maxPendingBytes = 256 * 1024

function send(log: Readable, reply: ReplyStream) {
  log.on('data', (chunk: Buffer | string) => {
    reply.write([typeof chunk === 'string' ? Buffer.from(chunk) : chunk])
    if (reply.pendingBytes > maxPendingBytes) log.pause()
  })
  reply.onDrain(() => log.resume())
  reply.onClose(() => log.destroy())
  log.once('end', () => reply.end())
  log.once('error', () => reply.end())
}

async function whole(log: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of log) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  return Buffer.concat(chunks)
}

/** Where clients that can only read WebSockets read it. */
async function overWebSocket(request: ServerRequest, open: () => Promise<Readable>): Promise<Reply> {
  const found = negotiate(request, { spdy: [], websocket: webSocketReaderProtocols })
  if ('type' in found) return replyOf(found)
  const log = await open()
  return upgradeReply((socket, head) => {
    void serveWebSocketReader({ request, socket, head }, log, found.protocol)
  })
}

export async function podLog(
  call: Call,
  connector: KubeletConnector,
  { request, signal }: { readonly request: ServerRequest; readonly signal: AbortSignal },
): Promise<Reply> {
  const options = logOptionsOf(call.query, call.info.name)
  const pod = await podOf(call)
  const container = chooseContainer(pod, call.query.get('container'))
  const open = async () => {
    // A Pod that has no node yet has said nothing.
    if (!pod.spec?.nodeName) return Readable.from([])
    const kubelet = await kubeletOf(pod, connector)
    return kubelet.logs(containerReference(pod, container), options, signal)
  }
  if (wantsWebSocket(request)) return overWebSocket(request, open)
  const log = await open()
  if (!options.follow) return { status: 200, contentType: 'text/plain', body: await whole(log) }
  return { status: 200, contentType: 'text/plain', body: reply => send(log, reply) }
}
