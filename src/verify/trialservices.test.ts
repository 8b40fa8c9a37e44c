import { expect, test } from 'vitest'
import type { Service } from '../api/generated/types.ts'
import { StatusError } from '../api/status.ts'
import { familyOrders } from '../ip/family.ts'
import { healthyService, serviceAddress } from './objects.fake.ts'
import { attempt, clusterIPsOf, isAsWanted, showAttempt, showService, trialService } from './trialservices.ts'

test.each(familyOrders.map(families => ({ families })))(
  'A Service of $families is as wanted',
  ({ families }) => {
    const policy = families.length > 1 ? 'RequireDualStack' : 'SingleStack'
    const made = healthyService('web', families)
    expect(isAsWanted({ made }, { policy, families })).toBe(true)
    expect(isAsWanted({ made }, { policy: 'PreferDualStack', families })).toBe(false)
    const reversed = [...families].reverse()
    expect(isAsWanted({ made }, { policy, families: reversed })).toBe(families.length < 2)
  },
)

test.each<[string, (service: Service) => void]>([
  [
    'clusterIP is not the first of clusterIPs',
    ({ spec }) => void Object.assign(spec!, { clusterIP: '10.9.9.9' }),
  ],
  ['an address is of another family', ({ spec }) => void spec!.clusterIPs!.splice(1, 1, '10.96.0.77')],
  ['an address is missing', ({ spec }) => void spec!.clusterIPs!.pop()],
  ['there is one address more', ({ spec }) => void spec!.clusterIPs!.push('fd00:10:96::77')],
])('A Service is not as wanted when %s', (_, breakIt) => {
  const made = healthyService('web', ['IPv4', 'IPv6'])
  breakIt(made)
  expect(isAsWanted({ made }, { policy: 'RequireDualStack', families: ['IPv4', 'IPv6'] })).toBe(false)
})

test('Services are shown with policy, families and addresses', () => {
  const addresses = `${serviceAddress.IPv6(10)}, ${serviceAddress.IPv4(10)}`
  expect(showService(healthyService('web', ['IPv6', 'IPv4']))).toBe(
    `RequireDualStack IPv6,IPv4: ${addresses}`,
  )
  expect(showService({ metadata: {} })).toBe('- -: -')
  const headless = trialService('SVC-11', { clusterIP: 'None', clusterIPs: ['None'] })
  expect([clusterIPsOf(headless), headless.metadata.generateName]).toEqual([[], 'svc-11-'])
})

test('A refusal is an answer, an overloaded server is not', async () => {
  const error = (code: number) => new StatusError({ code, reason: '', message: `code ${code}` })
  const refused = await attempt(Promise.reject(error(422)))
  expect(showAttempt(refused)).toBe('code 422')
  await expect(attempt(Promise.reject(error(503)))).rejects.toThrow('code 503')
  await expect(attempt(Promise.reject(new Error('reset')))).rejects.toThrow('reset')
})
