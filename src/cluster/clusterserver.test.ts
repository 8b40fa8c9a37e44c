import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loopbackAddress } from '../ip/family.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { startCluster } from './cluster.ts'

const newRoot = () => mkdtempSync(join(tmpdir(), 'futago-server-'))

test.each(['IPv4', 'IPv6'] as const)(
  'A cluster told to listen on the loopback address of %s says so',
  async family => {
    const options = { store: 'memory', securePort: 0, nodes: 0, bindAddress: loopbackAddress[family] }
    const cluster = await startCluster(options, { stateRoot: newRoot() })
    const { port } = new URL(cluster.server)
    expect(cluster.server).toBe(`https://${joinHostPort(loopbackAddress[family], Number(port))}`)
    await cluster.stop()
  },
)

test('A cluster told nothing listens on the loopback addresses of both families', async () => {
  const cluster = await startCluster({ store: 'memory', securePort: 0, nodes: 0 }, {})
  const port = Number(new URL(cluster.server).port)
  for (const host of Object.values(loopbackAddress)) {
    const socket = connect({ host, port })
    await once(socket, 'connect')
    socket.destroy()
  }
  await cluster.stop()
})

test('An address that this host has not is named', async () => {
  const options = { store: 'memory', securePort: 0, nodes: 0, bindAddress: '2001:db8::1' }
  await expect(startCluster(options, { stateRoot: newRoot() })).rejects.toThrow('2001:db8::1')
})
