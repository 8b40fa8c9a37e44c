// Records requests: before what they ask for is decided, when an answer that goes on begins, and at the end;
// also those of whom nobody knows (k8s.io/apiserver pkg/endpoints/filters/audit.go and authn_audit.go).
import type { IncomingHttpHeaders } from 'node:http'
import { StatusError } from '../../api/status.ts'
import { formatAddress, parseLenientAddress } from '../../ip/address.ts'
import type { Audit, AuditedFacts } from '../audit/audit.ts'
import type { AuditTrail } from '../audit/trail.ts'
import type { Filter, Reply, ServerRequest } from '../request.ts'
import { isLongRunning } from '../requestinfo.ts'

const textsOf = (value: string | string[] | undefined) =>
  [value ?? []].flat().flatMap(text => text.split(',').map(part => part.trim()))

/** What proxies say, and who is at the other end of the connection, which is last. */
function sourceIPs(headers: IncomingHttpHeaders, remoteAddress: string | undefined): string[] {
  const named = [...textsOf(headers['x-forwarded-for']), ...textsOf(headers['x-real-ip'])]
  const addresses = [...named, remoteAddress ?? ''].flatMap(text => {
    const address = parseLenientAddress(text.replace(/%.*$/, ''))
    return address ? [formatAddress(address)] : []
  })
  return [...new Set(addresses)]
}

function factsOf(request: ServerRequest): AuditedFacts {
  const { id, path, search, headers, remoteAddress } = request
  return {
    id,
    uri: path + search,
    sourceIPs: sourceIPs(headers, remoteAddress),
    userAgent: headers['user-agent'] ?? '',
  }
}

/** The reply, which tells the trail when it begins and ends. */
function followed(reply: Reply, trail: AuditTrail): Reply {
  const { body, upgrade, status } = reply
  const begin = () => trail.started(status)
  const end = () => void trail.completed(status)
  if (upgrade) {
    return {
      ...reply,
      upgrade(socket, head) {
        begin()
        socket.once('close', end)
        upgrade(socket, head)
      },
    }
  }
  if (typeof body !== 'function') return reply
  return {
    ...reply,
    body(stream) {
      begin()
      stream.onClose(end)
      body(stream)
    },
  }
}

/** Stands behind authentication: the policy asks who the user is. */
export function auditing(audit: Audit): Filter {
  return async (request, next) => {
    const trail = audit.begin(request.user, request.info, () => factsOf(request))
    if (!trail) return next(request)
    request.audit = trail
    trail.received()
    const goesOn = isLongRunning(request.info, request.query)
    let reply: Reply
    try {
      reply = await next(request)
    } catch (error) {
      if (goesOn && error instanceof StatusError) trail.started(error)
      await trail.failed(error)
      throw error
    }
    if (reply.upgrade || typeof reply.body === 'function') return followed(reply, trail)
    if (goesOn) trail.started(reply.status)
    await trail.completed(reply.status)
    return reply
  }
}

/** How somebody tried to say who they are. */
function attempted({ headers, certificateUser, certificateProblem }: ServerRequest): string {
  const ways = [
    ...(certificateUser || certificateProblem !== undefined ? ['x509'] : []),
    ...(headers.authorization === undefined
      ? []
      : [headers.authorization.split(' ', 1)[0]!.toLowerCase() === 'bearer' ? 'bearer' : 'basic']),
  ]
  const way = ways.join(', ') || 'no authentication'
  return way === 'no authentication'
    ? 'Authentication failed, no credentials'
    : `Authentication failed, attempted: ${way}`
}

/** Stands before authentication, and records whom that turned away. */
export function failedAuthenticationAudit(audit: Audit): Filter {
  return async (request, next) => {
    try {
      return await next(request)
    } catch (error) {
      if (request.user === undefined && error instanceof StatusError && error.code === 401) {
        const { code, reason } = error
        const told = new StatusError({ code, reason, message: attempted(request) })
        audit.begin(undefined, request.info, () => factsOf(request))?.started(told)
      }
      throw error
    }
  }
}
