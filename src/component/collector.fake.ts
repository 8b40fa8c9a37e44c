// A collector of traces for tests: takes OTLP over HTTP as JSON, and throws at what a real one would not
// understand.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

export interface CollectedSpan {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly status: { readonly code?: number; readonly message?: string }
  readonly durationMs: number
  readonly service: string
}

interface KeyValue {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface WireSpan extends Omit<CollectedSpan, 'attributes' | 'durationMs' | 'service'> {
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly KeyValue[]
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string }
      readonly spans: readonly WireSpan[]
    }[]
  }[]
}

function attributesOf(list: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(
    list.map(({ key, value }) => {
      const [kind = '', inner] = Object.entries(value)[0] ?? []
      if (!/^(string|bool|int|double)Value$/.test(kind)) throw new Error(`no value: ${JSON.stringify(value)}`)
      return [key, kind === 'intValue' ? Number(inner) : inner]
    }),
  )
}

function spanOf(span: WireSpan, service: string): CollectedSpan {
  const { traceId, spanId, parentSpanId, startTimeUnixNano: start, endTimeUnixNano: end } = span
  const ids = `${traceId} ${spanId}${parentSpanId === undefined ? '' : ` ${parentSpanId}`}`
  if (!/^[0-9a-f]{32} [0-9a-f]{16}( [0-9a-f]{16})?$/.test(ids)) throw new Error(`no ids: ${ids}`)
  if (!/^\d{18,20}$/.test(start) || BigInt(end) < BigInt(start)) throw new Error(`no times: ${start} ${end}`)
  const { name, kind, status } = span
  if (name === '' || kind < 1 || kind > 5) throw new Error(`no span: ${JSON.stringify(span)}`)
  const durationMs = Number(BigInt(end) - BigInt(start)) / 1e6
  const attributes = attributesOf(span.attributes)
  return { name, kind, traceId, spanId, parentSpanId, attributes, status, durationMs, service }
}

/** `answer` decides the status of the i-th request, counted from 0. */
export async function startCollector(answer: (index: number) => number = () => 200) {
  const spans: CollectedSpan[] = []
  const requests: { readonly url: string | undefined; readonly authorization: string | undefined }[] = []
  const server = createServer(async (request, response) => {
    const { url, headers } = request
    const status = answer(requests.length)
    requests.push({ url, authorization: headers.authorization })
    const body = (await json(request)) as ExportRequest
    if (status === 200) {
      for (const { resource, scopeSpans } of body.resourceSpans) {
        const service = String(attributesOf(resource.attributes)['service.name'])
        for (const scope of scopeSpans) spans.push(...scope.spans.map(span => spanOf(span, service)))
      }
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://localhost:${port}/v1/traces`,
    spans,
    requests,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The names of spans as a tree, indented; those of the same parent in the order in which they ended. */
export function treeOf(spans: readonly CollectedSpan[], parent?: string, indent = ''): string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .flatMap(({ name, spanId }) => [indent + name, ...treeOf(spans, spanId, `${indent}  `)])
}
