import { expect, test } from 'vitest'
import { silentLogger } from '../component/log.ts'
import { type HealthCheck, healthPaths, healthReply } from './health.ts'
import { ServerRequest } from './request.ts'

const checks: readonly HealthCheck[] = [
  { name: 'ping', check: () => undefined },
  { name: 'etcd', check: async () => undefined },
  {
    name: 'shutdown',
    paths: ['readyz'],
    check: () => {
      throw new Error('process is shutting down')
    },
  },
]

async function answer(target: string): Promise<string> {
  const reply = await healthReply(new ServerRequest({ method: 'GET', target }), checks, silentLogger)
  return reply ? `${reply.status} ${reply.body}` : 'none'
}

test('A healthy server says ok, or check by check when asked', async () => {
  expect(await answer('/healthz')).toBe('200 ok')
  expect(await answer('/livez/etcd')).toBe('200 ok')
  expect(await answer('/healthz?verbose')).toBe('200 [+]ping ok\n[+]etcd ok\nhealthz check passed\n')
  expect(await answer('/livez?verbose&exclude=etcd')).toBe(
    '200 [+]ping ok\n[+]etcd excluded: ok\nlivez check passed\n',
  )
})

test('A failing check is named, its reason withheld except on its own path', async () => {
  expect(await answer('/readyz')).toBe(
    '500 [+]ping ok\n[+]etcd ok\n[-]shutdown failed: reason withheld\nreadyz check failed\n',
  )
  expect(await answer('/readyz/shutdown')).toBe('500 internal server error: process is shutting down\n')
  expect(await answer('/readyz?exclude=shutdown')).toBe('200 ok')
})

test('Excluding a check that does not exist is warned about', async () => {
  expect(await answer('/livez?verbose&exclude=nope')).toBe(
    '200 [+]ping ok\n[+]etcd ok\nwarn: some health checks cannot be excluded: no matches for "nope"\nlivez check passed\n',
  )
})

test('Other paths and unknown checks are not answered', async () => {
  expect(await answer('/healthz/nope')).toBe('none')
  expect(await answer('/livez/shutdown')).toBe('none')
  expect(await answer('/version')).toBe('none')
})

test('healthPaths() lists what is answered', () => {
  expect(healthPaths(checks)).toEqual([
    '/healthz',
    '/healthz/ping',
    '/healthz/etcd',
    '/livez',
    '/livez/ping',
    '/livez/etcd',
    '/readyz',
    '/readyz/ping',
    '/readyz/etcd',
    '/readyz/shutdown',
  ])
})
