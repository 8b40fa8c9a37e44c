import { expect, test } from 'vitest'
import type { User } from '../registry/registry.ts'
import { textReply } from '../reply.ts'
import { type RequestInit, ServerRequest } from '../request.ts'
import { anonymousRule } from './anonymous.ts'
import { authentication, clientCertificate } from './authentication.ts'

const isOpen = anonymousRule({ enabled: true }, { rolesDecide: false })

async function userOf(init: Partial<RequestInit>): Promise<User | string | undefined> {
  const request = new ServerRequest({ method: 'GET', target: '/api/v1/pods', ...init })
  try {
    await authentication([clientCertificate], isOpen)(request, async () => textReply(200, 'ok'))
    return request.user
  } catch (error) {
    return String(error)
  }
}

test('A client certificate names the user and its groups', async () => {
  expect(await userOf({ certificateUser: { name: 'jane', groups: ['dev'] } })).toEqual({
    name: 'jane',
    groups: ['dev', 'system:authenticated'],
  })
})

test('Without credentials what is open is asked for by the anonymous user', async () => {
  expect(await userOf({})).toBe('StatusError: Unauthorized')
  for (const target of ['/healthz', '/livez?verbose', '/readyz', '/version', '/%76ersion']) {
    expect(await userOf({ target })).toEqual({ name: 'system:anonymous', groups: ['system:unauthenticated'] })
  }
  expect(await userOf({ target: '/healthzz' })).toBe('StatusError: Unauthorized')
})

test('A bad certificate is refused, also for the open paths', async () => {
  expect(await userOf({ target: '/healthz', certificateProblem: 'CERT_HAS_EXPIRED' })).toBe(
    'StatusError: Unauthorized',
  )
})
