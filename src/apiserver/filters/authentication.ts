// Who asks. A verified client certificate names a user (CN) and groups (O); further ways to say who one is
// (tokens) are further authenticators. Who shows nothing is anonymous, where that is allowed.
import { StatusError } from '../../api/status.ts'
import type { User } from '../registry/registry.ts'
import type { Filter, ServerRequest } from '../request.ts'
import { type AnonymousRule, anonymous } from './anonymous.ts'

/** Undefined: this one sees no credentials of its kind. Throws Unauthorized for bad ones. */
export type Authenticator = (request: ServerRequest) => Promise<User | undefined> | User | undefined

export const unauthorized = () =>
  new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' })

export const clientCertificate: Authenticator = request => {
  if (request.certificateProblem !== undefined) throw unauthorized()
  return request.certificateUser
}

const authenticated = new WeakMap<User, User>()

/** The user with the group that everyone who is known belongs to. */
function withAuthenticatedGroup(user: User): User {
  const known = authenticated.get(user)
  if (known) return known
  const complete = user.groups.includes('system:authenticated')
    ? user
    : { ...user, groups: [...user.groups, 'system:authenticated'] }
  authenticated.set(user, complete)
  return complete
}

async function identify(
  authenticators: readonly Authenticator[],
  request: ServerRequest,
): Promise<User | undefined> {
  for (const authenticate of authenticators) {
    const user = await authenticate(request)
    if (user) return user
  }
  return undefined
}

export function authentication(authenticators: readonly Authenticator[], isOpen: AnonymousRule): Filter {
  return async (request, next) => {
    const user = await identify(authenticators, request)
    if (user) request.user = withAuthenticatedGroup(user)
    else if (isOpen(request.info.path)) {
      request.user = anonymous
    } else throw unauthorized()
    return next(request)
  }
}
