// Paths that are no resources: discovery, OpenAPI, health, the version and the index of all paths.
import type { Logger } from '../component/log.ts'
import { metricsContentType } from '../component/metrics.ts'
import type { Discovery, DiscoveryDocument } from './discovery.ts'
import { type HealthCheck, healthPaths, healthReply } from './health.ts'
import { negotiateOutput, parseAccept } from './negotiation.ts'
import { bytesReply, methodNotAllowed, noSuchPath, textReply, valueReply } from './reply.ts'
import type { Reply, ServerRequest } from './request.ts'

/** What /version says (apimachinery pkg/version). */
export interface VersionInfo {
  readonly major: string
  readonly minor: string
  readonly gitVersion: string
  readonly gitCommit: string
  readonly gitTreeState: string
  readonly buildDate: string
  readonly goVersion: string
  readonly compiler: string
  readonly platform: string
}

/** Documents about the API that are served as they are. */
export type DocumentSource = (request: ServerRequest) => Promise<Reply | undefined> | Reply | undefined

export interface NonResourceOptions {
  readonly discovery: Discovery
  readonly groupVersions: readonly { readonly group: string; readonly version: string }[]
  readonly healthChecks: readonly HealthCheck[]
  readonly version: VersionInfo
  readonly openapi: DocumentSource
  /** The text of /metrics. */
  readonly metrics: () => string
  /** Further documents' paths, for the index. */
  readonly paths?: readonly string[]
  readonly log: Logger
}

const mediaOf = (request: ServerRequest) =>
  negotiateOutput(request.headers.accept, request.query, request.headers['user-agent'])

type AggregatedVersion = 'v2' | 'v2beta1'

/** The version of aggregated discovery that the client wants more than the plain documents. */
function aggregatedVersion(accept: string | undefined): AggregatedVersion | undefined {
  for (const { type, parameters } of parseAccept(accept ?? '')) {
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue
    if (!parameters.has('as')) return undefined
    const isAggregated =
      parameters.get('as') === 'APIGroupDiscoveryList' && parameters.get('g') === 'apidiscovery.k8s.io'
    const version = parameters.get('v')
    if (isAggregated && (version === 'v2' || version === 'v2beta1')) return version
  }
  return undefined
}

function notModified(etag: string): Reply {
  return { status: 304, contentType: '', headers: { etag }, body: [] }
}

async function documentReply(request: ServerRequest, document: DiscoveryDocument): Promise<Reply> {
  return bytesReply(200, [document.bytes], mediaOf(request))
}

function aggregatedReply(
  request: ServerRequest,
  document: DiscoveryDocument,
  version: AggregatedVersion,
): Reply {
  const headers = { etag: document.etag, vary: 'Accept', 'cache-control': 'public' }
  if (request.headers['if-none-match'] === document.etag) return notModified(document.etag)
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
  return { status: 200, contentType, headers, body: document.bytes }
}

export function serverAddress({ headers }: ServerRequest): string {
  const authority = headers[':authority']
  return headers.host ?? (typeof authority === 'string' ? authority : 'localhost')
}

async function discoveryReply(request: ServerRequest, discovery: Discovery): Promise<Reply | undefined> {
  const [root = '', group = '', version = '', ...rest] = request.info.path.split('/').filter(Boolean)
  if ((root !== 'api' && root !== 'apis') || rest.length > 0) return undefined
  if (group === '') {
    const aggregated = aggregatedVersion(request.headers.accept)
    if (aggregated) return aggregatedReply(request, discovery.aggregated(root, aggregated), aggregated)
    const plain = root === 'api' ? discovery.legacy(serverAddress(request)) : discovery.groups()
    return documentReply(request, plain)
  }
  if (root === 'api' && version !== '') return undefined
  const found =
    root === 'api'
      ? discovery.resources('', group)
      : version === ''
        ? discovery.group(group)
        : discovery.resources(group, version)
  return found && documentReply(request, found)
}

function indexOf({ groupVersions, healthChecks, paths: more = [] }: NonResourceOptions): string[] {
  const paths = new Set([
    '/api',
    '/apis',
    '/apis/',
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/',
    '/version',
    '/metrics',
  ])
  for (const { group, version } of groupVersions) {
    if (group === '') paths.add(`/api/${version}`)
    else paths.add(`/apis/${group}`).add(`/apis/${group}/${version}`)
  }
  return [...paths, ...more, ...healthPaths(healthChecks)].sort()
}

/** Which group a path below /apis/ names. */
const groupOf = (path: string): string | undefined => /^\/apis\/([^/]+)/.exec(path)?.[1]

const knowsGroup = ({ groupVersions }: NonResourceOptions, group: string) =>
  groupVersions.some(known => known.group === group)

/** Whether a path names a resource as upstream sees it: of a group there is, and from one slash on. */
export function leadsToResources({ info }: ServerRequest, options: NonResourceOptions): boolean {
  if (!info.isResourceRequest || info.path.startsWith('//')) return false
  return info.group === '' || knowsGroup(options, info.group)
}

/** Answers every path that is no resource. */
export async function nonResourceReply(request: ServerRequest, options: NonResourceOptions): Promise<Reply> {
  const { path } = request.info
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const health = await healthReply(request, options.healthChecks, options.log)
  if (health) return health
  if (path === '/version' || path === '/version/') {
    return reads
      ? valueReply(200, options.version, { format: 'json', pretty: true })
      : Promise.reject(methodNotAllowed())
  }
  if (path === '/metrics') {
    if (!reads) throw methodNotAllowed()
    return { status: 200, contentType: metricsContentType, body: Buffer.from(options.metrics()) }
  }
  const known = (await discoveryReply(request, options.discovery)) ?? (await options.openapi(request))
  if (known) {
    if (!reads) throw methodNotAllowed()
    return known
  }
  if (path === '/') return valueReply(200, { paths: indexOf(options) }, { format: 'json', pretty: true })
  const group = groupOf(path)
  if (group !== undefined && !knowsGroup(options, group)) return textReply(404, '404 page not found\n')
  if (group !== undefined || /^\/(api|version)\//.test(path)) throw noSuchPath()
  return valueReply(404, { paths: indexOf(options) }, { format: 'json', pretty: true })
}
