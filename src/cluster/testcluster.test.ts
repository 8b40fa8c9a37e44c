import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { deployments } from '../api/resources/apps/deployment.ts'
import { configMaps } from '../api/resources/core/configmap.ts'
import { namespaces } from '../api/resources/core/namespace.ts'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { services } from '../api/resources/core/service.ts'
import { Client } from '../client/client.ts'
import { clientConfig, parseKubeconfig } from '../client/kubeconfig.ts'
import { httpsTransport } from '../client/transport.ts'
import { familyOrders } from '../ip/family.ts'
import { TestCluster } from './testcluster.ts'

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: web:1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ipFamilyPolicy: PreferDualStack, selector: {app: web}, ports: [{port: 80}]}
`
const target = { namespace: 'default', name: 'web' }

test.each(familyOrders.map(order => [order.join(','), order] as const))(
  'Controllers, scheduler and nodes bring what was given to life with %s',
  async (_, ipFamilies) => {
    await using cluster = await TestCluster.start({ ipFamilies, objects: web })
    const { status } = await cluster.waitFor(deployments, target, {
      until: ({ status }) => status?.readyReplicas === 2,
    })
    expect(status?.availableReplicas).toBe(2)
    const service = await cluster.client.get(services, target)
    expect(service.spec?.ipFamilies).toEqual(ipFamilies)
    const { items } = await cluster.client.list(pods, { namespace: 'default' })
    expect(items.map(pod => pod.status?.podIPs?.length)).toEqual([ipFamilies.length, ipFamilies.length])
  },
)

test('A snapshot brings everything back, also for the controllers', async () => {
  await using cluster = await TestCluster.start({ objects: web })
  const until = (replicas: number) => (deployment: { status?: { readyReplicas?: number } }) =>
    deployment.status?.readyReplicas === replicas
  await cluster.waitFor(deployments, target, { until: until(2) })
  const snapshot = await cluster.snapshot()
  await cluster.client.patch(deployments, target, { spec: { replicas: 4 } })
  await cluster.waitFor(deployments, target, { until: until(4) })
  await cluster.client.delete(services, target)
  await cluster.restore(snapshot)
  expect((await cluster.client.get(deployments, target)).spec?.replicas).toBe(2)
  expect((await cluster.client.list(pods, { namespace: 'default' })).items).toHaveLength(2)
  await cluster.client.get(services, target)
  await cluster.client.patch(deployments, target, { spec: { replicas: 3 } })
  await cluster.waitFor(deployments, target, { until: until(3) })
})

test('Time moves ahead when it is told to', async () => {
  await using cluster = await TestCluster.start()
  await cluster.apply([{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'silent' } }])
  await cluster.client.patch(
    nodes,
    { name: 'silent' },
    {
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'x', message: 'x' }] },
    },
    { subresource: 'status' },
  )
  const isUnknown = (node: { status?: { conditions?: { type: string; status: string }[] } }) =>
    node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'Unknown') ?? false
  await cluster.clock.advance(120_000)
  await cluster.waitFor(nodes, { name: 'silent' }, { until: isUnknown })
})

test('Several clusters stand side by side, each with an endpoint for other clients', async () => {
  await using one = await TestCluster.start({ nodes: 0 })
  await using two = await TestCluster.start({ nodes: 0 })
  expect(one.server).not.toBe(two.server)
  const transport = httpsTransport(await clientConfig(await parseKubeconfig(one.kubeconfig)))
  await new Client(transport).create(configMaps, { metadata: { namespace: 'default', name: 'a' } })
  transport.close()
  await one.client.get(configMaps, { namespace: 'default', name: 'a' })
  await expect(two.client.get(configMaps, { namespace: 'default', name: 'a' })).rejects.toThrow('not found')
})

test('Namespaces go, others act within their rights, and nothing is left at the end', async () => {
  const cluster = await TestCluster.start({ nodes: 0 })
  await cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } }])
  await cluster.client.delete(namespaces, { name: 'team' })
  await cluster.waitUntilGone(namespaces, { name: 'team' })
  const nobody = cluster.clientAs({ name: 'nobody', groups: ['system:authenticated'] })
  await expect(nobody.list(pods, { namespace: 'default' })).rejects.toMatchObject({ code: 403 })
  const { kubeconfigPath } = cluster
  expect(readFileSync(kubeconfigPath, 'utf8')).toBe(cluster.kubeconfig)
  expect(cluster.kubeconfigPath).toBe(kubeconfigPath)
  await cluster.stop()
  expect(existsSync(dirname(kubeconfigPath))).toBe(false)
})

test('What cannot be applied is named', async () => {
  await using cluster = await TestCluster.start({ nodes: 0 })
  await expect(cluster.apply('apiVersion: v1\nkind: Pot\nmetadata: {name: a}')).rejects.toThrow(
    'Cannot apply Pot a: there is no Pot in v1',
  )
})
