// The API server's part in traces: a span for each request, below the one that the client names in its
// `traceparent`, and below that who asks, whether they may, admission and the store. Names and attributes are
// OpenTelemetry's semantic conventions for HTTP and databases.
import { runBelow, type Tracer } from '../component/tracing.ts'
import type { Store } from '../storage/store.ts'
import type { AdmissionAttributes, AdmissionPluginFactory } from './admission/admission.ts'
import type { Filter, ServerRequest } from './request.ts'
import type { RequestInfo } from './requestinfo.ts'

/** Everything of the below, or, without a tracer, nothing at all. */
export const serverTraces = (tracer: Tracer | undefined) => ({
  requests: tracer ? [tracedRequests(tracer)] : [],
  filter: (name: string, filter: Filter) => (tracer ? tracedFilter(tracer, name, filter) : filter),
  admission: (factories: readonly AdmissionPluginFactory[]) =>
    tracer ? tracedAdmission(tracer, factories) : factories,
  store: (store: Store) => (tracer ? tracedStore(tracer, store) : store),
})

/** The path with placeholders for what differs from object to object. */
export function routeOf({ isResourceRequest, path, group, version, ...info }: RequestInfo): string {
  if (!isResourceRequest) return path.split('/', 2).join('/') || '/'
  const { namespace, resource, name, subresource } = info
  const isNamespace = resource === 'namespaces'
  return [
    group === '' ? `/api/${version}` : `/apis/${group}/${version}`,
    ...(namespace !== '' && !isNamespace ? ['namespaces/{namespace}'] : []),
    resource,
    ...(name === '' ? [] : ['{name}']),
    ...(subresource === '' ? [] : [subresource]),
  ].join('/')
}

const headerOf = ({ headers }: ServerRequest, name: string): string | undefined => {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** The outermost filter: the whole request, of a watch or a stream until it begins. */
function tracedRequests(tracer: Tracer): Filter {
  return (request, next) => {
    const { method, info, path } = request
    const route = routeOf(info)
    const attributes = {
      'http.request.method': method,
      'http.route': route,
      'url.path': path,
      'url.scheme': 'https',
      'user_agent.original': headerOf(request, 'user-agent') ?? '',
      'audit-id': request.id,
    }
    const traceparent = headerOf(request, 'traceparent')
    return tracer.run(`${method} ${route}`, { kind: 'server', attributes, traceparent }, async span => {
      const reply = await next(request)
      span.set({ 'http.response.status_code': reply.status })
      if (reply.status >= 500) span.end(`the answer was ${reply.status}`)
      return reply
    })
  }
}

/** A filter for itself, without what comes after it. */
function tracedFilter(tracer: Tracer, name: string, filter: Filter): Filter {
  return async (request, next) => {
    const span = tracer.start(name)
    try {
      return await filter(request, passed => {
        span.end()
        return next(passed)
      })
    } catch (error) {
      span.end(error)
      throw error
    }
  }
}

/** Plugins that have nothing to look at get no span. */
function tracedAdmission(
  tracer: Tracer,
  factories: readonly AdmissionPluginFactory[],
): AdmissionPluginFactory[] {
  return factories.map(create => services => {
    const plugin = create(services)
    const traced = (step: 'admit' | 'validate') => (attributes: AdmissionAttributes) => {
      const span = tracer.active && tracer.start(`${plugin.name} ${step}`)
      const pending = plugin[step]?.(attributes)
      if (span) {
        pending?.then(
          () => span.end(),
          error => span.end(error),
        )
      }
      return pending
    }
    return {
      name: plugin.name,
      ...(plugin.admit ? { admit: traced('admit') } : {}),
      ...(plugin.validate ? { validate: traced('validate') } : {}),
    }
  })
}

/** What requests ask of the store; what the server does for itself is not traced. */
function tracedStore(tracer: Tracer, store: Store): Store {
  const traced = <T>(operation: string, key: string, work: () => Promise<T>) => {
    const attributes = { 'db.operation.name': operation, 'db.collection.name': key }
    return runBelow(tracer, `store ${operation}`, { attributes, work })
  }
  return {
    revision: () => store.revision(),
    get: (key, options) => traced('get', key, () => store.get(key, options)),
    list: options => traced('list', options.prefix, () => store.list(options)),
    write: operations => {
      const [first] = operations
      return traced(first?.type ?? 'update', first?.key ?? '', () => store.write(operations))
    },
    watch: options => store.watch(options),
    progress: () => store.progress(),
    compact: revision => store.compact(revision),
    close: () => store.close(),
  }
}
