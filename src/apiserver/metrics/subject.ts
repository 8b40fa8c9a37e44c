// What a request is about, as labels with few values: whatever clients send in verbs, paths and names of
// resources, the number of series stays what it is (upstream's k8s.io/apiserver pkg/endpoints/metrics).
import type { ServerRequest } from '../request.ts'
import type { RequestInfo } from '../requestinfo.ts'

export const subjectLabels = [
  'verb',
  'dry_run',
  'group',
  'version',
  'resource',
  'subresource',
  'scope',
  'component',
] as const

/** Is there such a resource? */
export type KnownResource = (group: string, version: string, resource: string) => boolean

const streamed: ReadonlySet<string> = new Set(['proxy', 'attach', 'exec', 'portforward'])
const subresources: ReadonlySet<string> = new Set([
  ...streamed,
  'approval',
  'binding',
  'ephemeralcontainers',
  'eviction',
  'finalize',
  'log',
  'resize',
  'scale',
  'status',
  'token',
])
const roots: ReadonlySet<string> = new Set([
  '/',
  '/.well-known',
  '/api',
  '/apis',
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi',
  '/readyz',
  '/version',
])
const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** HTTP's verb, or what stands in its place. */
function verbOf({ method, info, headers }: ServerRequest): string {
  if (info.isResourceRequest) {
    if (streamed.has(info.subresource)) return 'CONNECT'
    if (info.verb === 'list' || info.verb === 'watch') return info.verb.toUpperCase()
  }
  if (method === 'HEAD') return 'GET'
  if (method === 'PATCH' && headers['content-type'] === 'application/apply-patch+yaml') return 'APPLY'
  return methods.has(method) ? method : 'other'
}

function dryRunOf({ query }: ServerRequest): string {
  const values = query.all('dryRun')
  if (values.length === 0) return ''
  return values.every(value => value === 'All') ? 'All' : 'invalid'
}

function scopeOf({ name, verb, namespace }: RequestInfo): string {
  if (name !== '' || verb === 'create') return 'resource'
  return namespace === '' ? 'cluster' : 'namespace'
}

const rootOf = (path: string) => path.split('/', 2).join('/')

/** Values of `subjectLabels`. What does not exist has no name here. */
export function subjectOf(request: ServerRequest, isKnown: KnownResource): string[] {
  const { info } = request
  const verb = verbOf(request)
  if (!info.isResourceRequest) {
    const root = rootOf(info.path) || '/'
    return [verb, '', '', '', '', roots.has(root) ? root : '', '', 'apiserver']
  }
  const { group, version, resource, subresource } = info
  const what =
    isKnown(group, version, resource) && (subresource === '' || subresources.has(subresource))
      ? [group, version, resource, subresource]
      : ['', '', '', '']
  return [verb, dryRunOf(request), ...what, scopeOf(info), 'apiserver']
}
