import { afterEach, expect, test } from 'vitest'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { Events } from '../client/events.ts'
import { Informers } from '../client/informers.ts'
import { createAuthority, issueCertificate } from '../cluster/certificates.ts'
import type { Machine } from '../host/machine.ts'
import { type IPFamilies, loopbackAddress } from '../ip/family.ts'
import { namespace, openAPI, podRanges, settle } from './cluster.fake.ts'
import { NodeKubelet } from './nodekubelet.ts'
import { SimulatedRuntime } from './simulated.ts'

const machine: Machine = {
  processors: 4,
  memoryBytes: 8 * 2 ** 30,
  diskBytes: 100 * 2 ** 30,
  architecture: 'arm64',
  kernelVersion: '6.1.0',
  osImage: 'Debian GNU/Linux 12 (bookworm)',
  machineID: 'm',
  systemUUID: 's',
  bootID: 'b',
}
const validity = { notBeforeMs: 0, notAfterMs: 4_000_000_000_000 }
const authority = createAuthority('test', validity)
const serving = issueCertificate(authority, { commonName: 'node1', usages: ['server'], ...validity })
const certified = { ...serving, clientCA: authority.certificate }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** A node over the real API server; its runtime is simulated, as its machine. */
async function startNode(families: IPFamilies = ['IPv4', 'IPv6']) {
  const { server, clock, client } = await openAPI()
  const addresses = families.map(family => loopbackAddress[family])
  const runtime = new SimulatedRuntime({ clock, nodeAddresses: addresses, resolve: () => [] })
  stops.push(() => server.close())
  const start = async () => {
    const informers = new Informers({ client, clock })
    const kubelet = new NodeKubelet({
      client,
      informers,
      clock,
      events: new Events({ client, clock }),
      name: 'node1',
      addresses,
      machine,
      kubeletVersion: 'v1.36.0',
      runtime,
      clusterDNS: [],
      server: { port: 0, ...certified },
      nodeDNS: { nameservers: [loopbackAddress.IPv4], searches: [], options: [] },
    })
    await kubelet.start()
    const stop = async () => {
      await kubelet.stop()
      await informers.stop()
    }
    stops.push(stop)
    return { kubelet, stop }
  }
  const first = await start()
  return { client, clock, runtime, first, start, families }
}

const giveRanges = ({ client, families }: Awaited<ReturnType<typeof startNode>>) =>
  client.patch(nodes, { name: 'node1' }, { spec: { podCIDRs: families.map(f => podRanges[f]) } })

test.each<[IPFamilies, string[]]>([
  [['IPv4'], ['127.0.0.1']],
  [['IPv6'], ['::1']],
  [
    ['IPv4', 'IPv6'],
    ['127.0.0.1', '::1'],
  ],
  [
    ['IPv6', 'IPv4'],
    ['::1', '127.0.0.1'],
  ],
])('A node of %j reports its addresses in this order, and what the machine has', async (families, ips) => {
  const node = await startNode(families)
  await giveRanges(node)
  await node.first.kubelet.ready
  const { status, metadata } = await node.client.get(nodes, { name: 'node1' })
  expect(status?.addresses).toEqual([
    { type: 'Hostname', address: 'node1' },
    ...ips.map(address => ({ type: 'InternalIP', address })),
  ])
  expect(status?.capacity).toEqual({
    cpu: '4',
    memory: '8Gi',
    pods: '110',
    'ephemeral-storage': '100Gi',
  })
  expect(status?.nodeInfo).toMatchObject({
    architecture: 'arm64',
    bootID: 'b',
    machineID: 'm',
    osImage: 'Debian GNU/Linux 12 (bookworm)',
  })
  expect(metadata.labels).toMatchObject({ 'kubernetes.io/arch': 'arm64', 'kubernetes.io/os': 'linux' })
})

test('Pods run on while the kubelet is restarted; those deleted meanwhile are removed', async () => {
  const node = await startNode()
  await giveRanges(node)
  await node.first.kubelet.ready
  const containers = [{ name: 'c', image: 'nginx' }]
  for (const name of ['kept', 'deleted']) {
    await node.client.create(pods, { metadata: { name, namespace }, spec: { nodeName: 'node1', containers } })
  }
  await settle()
  const before = await node.client.get(pods, { namespace, name: 'kept' })
  expect(before.status?.phase).toBe('Running')
  await node.first.stop()
  await node.client.delete(pods, { namespace, name: 'deleted' }, { gracePeriodSeconds: 0 })
  expect((await node.runtime.pods()).map(({ name }) => name)).toEqual(['kept', 'deleted'])
  await node.start()
  await settle()
  expect((await node.runtime.pods()).map(({ name }) => name)).toEqual(['kept'])
  expect((await node.client.get(pods, { namespace, name: 'kept' })).status).toEqual(before.status)
})

test('A node whose runtime has lost its network is not Ready until it is back', async () => {
  const node = await startNode()
  await giveRanges(node)
  await node.first.kubelet.ready
  const ready = async () => {
    await node.clock.advance(5000)
    await settle()
    const { status } = await node.client.get(nodes, { name: 'node1' })
    return status?.conditions?.find(({ type }) => type === 'Ready')
  }
  const lost = 'container runtime is down'
  Object.assign(node.runtime, { notReady: async () => lost })
  expect(await ready()).toMatchObject({ status: 'False', reason: 'KubeletNotReady', message: lost })
  Object.assign(node.runtime, { notReady: async () => undefined })
  expect(await ready()).toMatchObject({ status: 'True', reason: 'KubeletReady' })
})
