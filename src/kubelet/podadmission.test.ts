import { expect, test } from 'vitest'
import type { ContainerPort, Pod } from '../api/generated/types.ts'
import { pods } from '../api/resources/core/pod.ts'
import { unspecifiedAddress } from '../ip/family.ts'
import { namespace, startTestCluster } from './cluster.fake.ts'
import { rejectionOf } from './podadmission.ts'

const withPort = (port: Partial<ContainerPort>): Pod => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, ...port }] }] },
})
const first = withPort({ hostPort: 8080, hostIP: '192.0.2.1' })

test.each<[string, Partial<ContainerPort>, boolean]>([
  ['the same address', { hostPort: 8080, hostIP: '192.0.2.1' }, false],
  ['every address', { hostPort: 8080 }, false],
  ['every address of IPv4', { hostPort: 8080, hostIP: unspecifiedAddress.IPv4 }, false],
  ['every address of IPv6', { hostPort: 8080, hostIP: unspecifiedAddress.IPv6 }, false],
  ['another address', { hostPort: 8080, hostIP: '2001:db8::1' }, true],
  ['another protocol', { hostPort: 8080, protocol: 'UDP' }, true],
  ['another port', { hostPort: 8081 }, true],
  ['no port of the node', {}, true],
])('A port that is taken on one address, asked for on %s', (_, port, isFree) => {
  const message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
  const expected = isFree ? undefined : { reason: 'NodePorts', message }
  expect(rejectionOf(withPort(port), () => [first])).toEqual(expected)
})

test('Sidecars take ports, other init containers do not', () => {
  const ports = [{ containerPort: 80, hostPort: 8080 }]
  const before = (restartPolicy?: string): Pod => ({
    metadata: { name: 'q' },
    spec: { containers: [], initContainers: [{ name: 'i', ports, ...(restartPolicy && { restartPolicy }) }] },
  })
  expect(rejectionOf(before('Always'), () => [first])?.reason).toBe('NodePorts')
  expect(rejectionOf(before(), () => [first])).toBeUndefined()
})

test('A Pod whose port on the node is taken is refused, until the one that has it is gone', async () => {
  const cluster = await startTestCluster()
  const { run, client, events, pass } = cluster
  const ports = [{ containerPort: 80, hostPort: 8080 }]
  const containers = [{ name: 'c', image: 'nginx', ports }]
  const first = await run('first', { containers })
  expect(first.status?.phase).toBe('Running')
  const second = await run('second', { containers })
  const why = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
  expect(second.status).toMatchObject({
    phase: 'Failed',
    reason: 'NodePorts',
    message: `Pod was rejected: ${why}`,
  })
  expect(await events()).toContain(`NodePorts: ${why}`)
  await client.delete(pods, { namespace, name: 'first' })
  await pass(1000)
  expect((await run('third', { containers })).status?.phase).toBe('Running')
  await cluster.stop()
})
