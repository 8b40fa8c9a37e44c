import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { reservePort } from '../../../test/ports.ts'
import { silentLogger } from '../../component/log.ts'
import { familyOrders, type IPFamily, loopbackAddress } from '../../ip/family.ts'
import { bracketHost } from '../../ip/hostport.ts'
import { HealthCheckServers, healthAnswer } from './healthcheck.ts'
import type { HealthCheck } from './serviceplan.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const checkOf = (port: number, localEndpoints: HealthCheck['localEndpoints']): HealthCheck => ({
  namespace: 'ns',
  name: 'web',
  port,
  localEndpoints,
})

async function ask(family: IPFamily, port: number) {
  const url = `http://${bracketHost(loopbackAddress[family])}:${port}/healthz`
  const answer = await fetch(url, { headers: { connection: 'close' } }).catch(() => undefined)
  return answer && { status: answer.status, body: await answer.text() }
}

test('The answer is that of kube-proxy', () => {
  expect(healthAnswer(checkOf(1, { IPv4: 2 }), 'IPv4')).toEqual({
    status: 200,
    body: '{"service":{"namespace":"ns","name":"web"},"localEndpoints":2,"serviceProxyHealthy":true}\n',
    localEndpoints: 2,
  })
  expect(healthAnswer(checkOf(1, { IPv4: 2 }), 'IPv6').status).toBe(503)
})

test.each(familyOrders.map(families => ({ families })))(
  'Of $families each family answers for its own endpoints on the one port',
  async ({ families }) => {
    const servers = new HealthCheckServers({ families, log: silentLogger })
    closing.push(() => servers.stop())
    const port = await reservePort()
    await servers.update([checkOf(port, { IPv4: 1, IPv6: 0 })])
    const statuses = { IPv4: 200, IPv6: 503 }
    for (const family of families) expect((await ask(family, port))?.status).toBe(statuses[family])
    const later = { IPv4: 0, IPv6: 3 }
    await servers.update([checkOf(port, later)])
    for (const family of families) {
      expect((await ask(family, port))?.body).toContain(
        `"localEndpoints":${family === families[0] && family === 'IPv4' ? 0 : family === 'IPv6' ? 3 : 0}`,
      )
    }
    await servers.update([])
    for (const family of families) expect(await ask(family, port)).toBeUndefined()
  },
)

test('A port that somebody else has is told, and does not keep the others from answering', async () => {
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, '::', resolve))
  closing.push(async () => void other.close())
  const { port } = other.address() as AddressInfo
  const warnings: string[] = []
  const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) }
  const servers = new HealthCheckServers({ families: ['IPv6'], log })
  closing.push(() => servers.stop())
  const free = await reservePort()
  await servers.update([checkOf(port, {}), { ...checkOf(free, { IPv6: 1 }), name: 'db' }])
  expect(warnings).toEqual(['cannot listen for health checks'])
  expect((await ask('IPv6', free))?.status).toBe(200)
})
