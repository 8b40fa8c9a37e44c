// A component's requests as spans, of which the server's are part: in process directly, over the network by
// the header `traceparent`, which the transport below sends (see `tracingHeaders`).
import { StatusError } from '../api/status.ts'
import type { Transport, TransportRequest } from '../api/transport.ts'
import type { Tracer } from '../component/tracing.ts'

const spanOf = ({ method, path }: TransportRequest) => ({
  kind: 'client' as const,
  attributes: { 'http.request.method': method, 'url.path': path },
})

export function tracedTransport(transport: Transport, tracer: Tracer): Transport {
  return {
    request: request =>
      tracer.run(request.method, spanOf(request), async span => {
        try {
          const response = await transport.request(request)
          span.set({ 'http.response.status_code': response.status })
          return response as never
        } catch (error) {
          if (error instanceof StatusError) span.set({ 'http.response.status_code': error.code })
          throw error
        }
      }),
    watch: (request, handlers) =>
      tracer.run('GET', spanOf(request), () => transport.watch(request, handlers)),
  }
}

/** What a request over the network carries of the span that it is part of. */
export const tracingHeaders = (tracer: Tracer) => (): Readonly<Record<string, string>> =>
  tracer.active ? { traceparent: tracer.active.traceparent } : {}
