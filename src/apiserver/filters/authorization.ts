// Whether the user may do what the request asks. An Authorizer answers with the reason of its refusal; the
// message around it is upstream's.
import { forbidden } from '../../api/status.ts'
import type { AuditTrail } from '../audit/trail.ts'
import type { User } from '../registry/registry.ts'
import type { Filter } from '../request.ts'
import type { RequestInfo } from '../requestinfo.ts'

/** Undefined: allowed; a string, possibly empty: why not. Why it is allowed is told to `granted`. */
export type Authorizer = (
  user: User,
  info: RequestInfo,
  granted?: (reason: string) => void,
) => Promise<string | undefined> | string | undefined

/** Everyone the authentication filter has let in. */
export const allowAuthenticated: Authorizer = () => undefined

const unescapedHTML = /[&<>]/g
const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

function refusal(user: User, info: RequestInfo): string {
  const who = `User ${JSON.stringify(user.name)} cannot ${info.verb}`
  if (!info.isResourceRequest) return `${who} path ${JSON.stringify(info.path)}`
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`
  const what = `${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(info.group)}`
  return info.namespace === ''
    ? `${what} at the cluster scope`
    : `${what} in the namespace ${JSON.stringify(info.namespace)}`
}

/** Throws Forbidden when the user may not do it. */
export async function authorize(authorizer: Authorizer, user: User, info: RequestInfo): Promise<void> {
  const reason = await authorizer(user, info)
  if (reason === undefined) return
  const sentence = refusal(user, info).replace(unescapedHTML, char => escapes[char]!)
  throw forbidden(
    { group: info.group, resource: info.resource },
    info.name,
    reason === '' ? sentence : `${sentence}: ${reason}`,
  )
}

/** The same decisions, which the audit log is told too. */
export const recorded =
  (authorizer: Authorizer, audit: Pick<AuditTrail, 'annotate'>): Authorizer =>
  async (user, info) => {
    let why = ''
    const reason = await authorizer(user, info, text => {
      why = text
    })
    audit.annotate('authorization.k8s.io/decision', reason === undefined ? 'allow' : 'forbid')
    audit.annotate('authorization.k8s.io/reason', reason ?? why)
    return reason
  }

export function authorization(authorizer: Authorizer): Filter {
  return async (request, next) => {
    const { audit, user, info } = request
    await authorize(audit ? recorded(authorizer, audit) : authorizer, user!, info)
    return next(request)
  }
}
