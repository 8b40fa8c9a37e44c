// What a path asks for: verb, group, version, namespace, resource, name and subresource, by the rules of
// upstream's RequestInfo (k8s.io/apiserver pkg/endpoints/request).
import { badRequest } from '../api/status.ts'
import type { Query } from './query.ts'

export type RequestVerb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  | 'proxy'
  | ''

export interface RequestInfo {
  readonly isResourceRequest: boolean
  /** Decoded, as it came. */
  readonly path: string
  /** For a resource request a Kubernetes verb, otherwise the HTTP method in lower case. */
  readonly verb: RequestVerb | string
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** Of a request for several objects, as it came. */
  readonly fieldSelector?: string
  /** What follows the version and the namespace. */
  readonly parts: readonly string[]
}

const namespaceSubresources = new Set(['status', 'finalize'])

const verbs: Readonly<Record<string, RequestVerb>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

function nonResource(method: string, path: string): RequestInfo {
  return {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    parts: [],
  }
}

function segmentsOf(path: string): string[] {
  let start = 0
  let end = path.length
  while (start < end && path.charCodeAt(start) === 47) start++
  while (end > start && path.charCodeAt(end - 1) === 47) end--
  return start === end ? [] : path.slice(start, end).split('/')
}

/** The name that a field selector asks for exactly, if it does. */
function selectedName(fieldSelector: string | undefined): string {
  if (!fieldSelector) return ''
  for (const term of fieldSelector.split(',')) {
    const match = /^metadata\.name==?([^=].*)$/.exec(term)
    if (match) return match[1]!.includes('/') || match[1]!.includes('%') ? '' : match[1]!
  }
  return ''
}

function collectionVerb(verb: string, query: Query): string {
  if (verb === 'delete') return 'deletecollection'
  if (verb !== 'get') return verb
  return query.flag('watch') ? 'watch' : 'list'
}

interface Scoped {
  readonly namespace: string
  readonly parts: readonly string[]
}

function scopeOf(rest: readonly string[]): Scoped {
  if (rest[0] !== 'namespaces' || rest.length < 2) return { namespace: '', parts: rest }
  if (rest.length > 2 && !namespaceSubresources.has(rest[2]!)) {
    return { namespace: rest[1]!, parts: rest.slice(2) }
  }
  return { namespace: rest[1]!, parts: rest }
}

/** `path` without its query, still escaped. Throws BadRequest for a broken escape. */
export function parseRequestInfo(method: string, path: string, query: Query): RequestInfo {
  let decoded = path
  if (path.includes('%')) {
    try {
      decoded = decodeURIComponent(path)
    } catch {
      throw badRequest(`invalid URL escape in the path ${JSON.stringify(path)}`)
    }
  }
  const segments = segmentsOf(decoded)
  const grouped = segments[0] === 'apis'
  if (segments.length < (grouped ? 4 : 3) || (!grouped && segments[0] !== 'api')) {
    return nonResource(method, decoded)
  }
  const group = grouped ? segments[1]! : ''
  const version = segments[grouped ? 2 : 1]!
  let rest: readonly string[] = segments.slice(grouped ? 3 : 2)
  let verb: string = (Object.hasOwn(verbs, method) && verbs[method]) || ''
  const special = rest[0] === 'watch' || rest[0] === 'proxy' ? rest[0] : ''
  if (special !== '') {
    if (rest.length < 2) throw badRequest(`unable to determine kind and namespace from url, ${decoded}`)
    verb = special
    rest = rest.slice(1)
  }
  const { namespace, parts } = scopeOf(rest)
  const subresource = parts.length >= 3 && special === '' ? parts[2]! : ''
  let name = parts[1] ?? ''
  if (name === '' && special === '') {
    verb = collectionVerb(verb, query)
    if (verb === 'list' || verb === 'watch') name = selectedName(query.get('fieldSelector'))
  }
  const fieldSelector = parts[1] ? undefined : query.get('fieldSelector')
  return {
    isResourceRequest: true,
    path: decoded,
    verb,
    group,
    version,
    namespace,
    resource: parts[0]!,
    subresource,
    name,
    parts,
    ...(fieldSelector ? { fieldSelector } : {}),
  }
}

const streamedSubresources = new Set(['proxy', 'attach', 'exec', 'portforward'])

/** Requests that may stay open and are therefore neither timed out nor counted as in flight. */
export function isLongRunning(info: RequestInfo, query: Query): boolean {
  if (!info.isResourceRequest) return info.path.startsWith('/debug/pprof/')
  if (info.verb === 'watch' || info.verb === 'proxy') return true
  if (info.subresource === '') return false
  return streamedSubresources.has(info.subresource) || (info.subresource === 'log' && query.flag('follow'))
}
