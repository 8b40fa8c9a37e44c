// A request on somebody else's behalf: the headers Impersonate-User, -Group, -Uid and -Extra-<key> replace
// the user, once the real one is found to hold the verb `impersonate` for each of them (upstream's k8s.io/
// apiserver pkg/endpoints/filters/impersonation.go).
import type { IncomingHttpHeaders } from 'node:http'
import { badRequest } from '../../api/status.ts'
import type { User } from '../registry/registry.ts'
import type { Filter } from '../request.ts'
import type { RequestInfo } from '../requestinfo.ts'
import { anonymous } from './anonymous.ts'
import { type Authorizer, authorize } from './authorization.ts'

const extraPrefix = 'impersonate-extra-'
const authentication = 'authentication.k8s.io'
const serviceAccount = /^system:serviceaccount:([^:]+):([^:]+)$/

interface Wanted {
  readonly name: string
  readonly groups: readonly string[]
  readonly uid: string | undefined
  readonly extra: Readonly<Record<string, readonly string[]>>
}

const valuesOf = (value: string | string[] | undefined): string[] =>
  [value ?? []].flat().filter(text => text !== '')

/** One that is not escaped as it should be is taken as it is, as upstream does. */
function extraKey(header: string): string {
  const key = header.slice(extraPrefix.length)
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

function wantedOf(headers: IncomingHttpHeaders): Wanted | undefined {
  const extra = Object.entries(headers)
    .filter(([name]) => name.startsWith(extraPrefix))
    .map(([name, value]) => [extraKey(name), valuesOf(value)] as const)
  const [name] = valuesOf(headers['impersonate-user'])
  const groups = valuesOf(headers['impersonate-group'])
  const [uid] = valuesOf(headers['impersonate-uid'])
  if (name !== undefined) return { name, groups, uid, extra: Object.fromEntries(extra) }
  if (groups.length === 0 && uid === undefined && extra.length === 0) return undefined
  throw badRequest(
    `requested ${JSON.stringify([...groups, ...(uid ? [uid] : [])])} without impersonating a user`,
  )
}

type Asked = Partial<Pick<RequestInfo, 'group' | 'version' | 'namespace' | 'subresource'>> &
  Pick<RequestInfo, 'resource' | 'name'>

const impersonate = (asked: Asked): RequestInfo => ({
  isResourceRequest: true,
  path: '',
  verb: 'impersonate',
  group: '',
  version: 'v1',
  namespace: '',
  subresource: '',
  parts: [],
  ...asked,
})

function permissionsFor({ name, groups, uid, extra }: Wanted): RequestInfo[] {
  const [, namespace, account] = serviceAccount.exec(name) ?? []
  return [
    account && namespace
      ? impersonate({ resource: 'serviceaccounts', namespace, name: account })
      : impersonate({ resource: 'users', name }),
    ...groups.map(group => impersonate({ resource: 'groups', name: group })),
    ...(uid ? [impersonate({ group: authentication, resource: 'uids', name: uid })] : []),
    ...Object.entries(extra).flatMap(([subresource, values]) =>
      values.map(value =>
        impersonate({ group: authentication, resource: 'userextras', subresource, name: value }),
      ),
    ),
  ]
}

function impersonated({ name, groups, uid, extra }: Wanted): User {
  const [, namespace] = serviceAccount.exec(name) ?? []
  const own =
    groups.length === 0 && namespace
      ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
      : groups
  const stranger = name === anonymous.name || own.includes('system:unauthenticated')
  const known = stranger ? 'system:unauthenticated' : 'system:authenticated'
  return {
    name,
    groups: own.includes(known) ? own : [...own, known],
    ...(uid ? { uid } : {}),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
}

export function impersonation(authorizer: Authorizer): Filter {
  return async (request, next) => {
    const wanted = wantedOf(request.headers)
    if (!wanted) return next(request)
    for (const permission of permissionsFor(wanted)) await authorize(authorizer, request.user!, permission)
    request.user = impersonated(wanted)
    request.audit?.impersonate(request.user)
    return next(request)
  }
}
