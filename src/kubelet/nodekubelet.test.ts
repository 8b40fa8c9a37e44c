import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { configMaps } from '../api/resources/core/configmap.ts'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { Events } from '../client/events.ts'
import { Informers } from '../client/informers.ts'
import type { Machine } from '../host/machine.ts'
import { fakeMounts } from '../host/mounts.fake.ts'
import { type IPFamilies, loopbackAddress } from '../ip/family.ts'
import { createAuthority, issueCertificate } from '../x509/certificates.ts'
import { namespace, openAPI, podRanges, settle } from './cluster.fake.ts'
import { NodeKubelet } from './nodekubelet.ts'
import { type ContainerStart, type RuntimeContainer, RuntimeError } from './runtime.ts'
// Loaded on first use, which could take long.
import './shell/process.ts'
import './shell/streams.ts'
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
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const tokenKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** A node over the real API server; its runtime is simulated, as its machine. */
async function startNode(families: IPFamilies = ['IPv4', 'IPv6']) {
  const { server, clock, client } = await openAPI({ serviceAccountTokens: { key: tokenKey, issuer: 'test' } })
  const addresses = families.map(family => loopbackAddress[family])
  const runtime = new SimulatedRuntime({ clock, nodeAddresses: addresses, resolve: () => [] })
  stops.push(() => server.close())
  const rootDirectory = mkdtempSync(join(tmpdir(), 'futago-kubelet-'))
  stops.push(async () => rmSync(rootDirectory, { recursive: true, force: true }))
  const mounts = fakeMounts()
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
      rootDirectory,
      mounts,
      nodeHosts: () => '127.0.0.1\tlocalhost\n',
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
  return { client, clock, runtime, first, start, families, rootDirectory, mounts }
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

/** Turns of the event loop until it holds; files are written behind the API's back. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 5000 && !(await holds()); turn++) await settle(1)
  expect(await holds()).toBe(true)
}

test('What a Pod mounts is on disk: present, brought up to date at once, and gone with the Pod', async () => {
  const node = await startNode()
  await giveRanges(node)
  await node.first.kubelet.ready
  const { client, rootDirectory } = node
  const made = await client.create(configMaps, { metadata: { name: 'cm', namespace }, data: { key: 'old' } })
  const serviceAccountToken = { path: 'token', expirationSeconds: 600 }
  const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }]
  const pod = await client.create(pods, {
    metadata: { name: 'p', namespace, labels: { app: 'web' } },
    spec: {
      nodeName: 'node1',
      containers: [{ name: 'c', image: 'nginx', volumeMounts: [{ name: 'cm', mountPath: '/cm' }] }],
      volumes: [
        { name: 'cm', configMap: { name: 'cm' } },
        { name: 'about', downwardAPI: { items } },
        { name: 'short', projected: { sources: [{ serviceAccountToken }] } },
        { name: 'fast', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ],
    },
  })
  const folder = join(rootDirectory, 'pods', pod.metadata.uid ?? '')
  const read = (path: string) => {
    const file = join(folder, 'volumes', path)
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined
  }
  const phase = async () => (await client.get(pods, { namespace, name: 'p' })).status?.phase
  await until(() => read('kubernetes.io~downward-api/about/labels') === 'app="web"')
  await settle(200)
  expect(await phase()).toBe('Running')
  expect(read('kubernetes.io~configmap/cm/key')).toBe('old')
  const token = read('kubernetes.io~projected/short/token')
  expect(token?.split('.')).toHaveLength(3)
  expect([...node.mounts.mounted]).toEqual([
    [join(folder, 'volumes/kubernetes.io~empty-dir/fast'), 1_048_576],
  ])
  await client.update(configMaps, { ...made, data: { key: 'new' } })
  await until(() => read('kubernetes.io~configmap/cm/key') === 'new')
  await client.patch(pods, { namespace, name: 'p' }, { metadata: { labels: { app: 'other' } } })
  await until(() => read('kubernetes.io~downward-api/about/labels') === 'app="other"')
  await node.clock.advance(480_000)
  await until(() => read('kubernetes.io~projected/short/token') !== token)
  await client.delete(pods, { namespace, name: 'p' })
  await until(() => !existsSync(folder))
  expect(node.mounts.mounted.size).toBe(0)
})

test('What a Pod of before has left on disk is removed when the kubelet starts', async () => {
  const node = await startNode()
  const left = join(node.rootDirectory, 'pods', 'uid-of-before')
  await node.first.stop()
  await node.mounts.mountMemory(join(left, 'volumes/kubernetes.io~empty-dir/fast'), {})
  mkdirSync(left, { recursive: true })
  await node.start()
  expect([existsSync(left), node.mounts.mounted.size]).toEqual([false, 0])
})

test('A Pod whose sandbox is lost begins anew, init containers first', async () => {
  const node = await startNode()
  await giveRanges(node)
  await node.first.kubelet.ready
  const { client, runtime } = node
  const pod = await client.create(pods, {
    metadata: { name: 'p', namespace },
    spec: {
      nodeName: 'node1',
      automountServiceAccountToken: false,
      initContainers: [{ name: 'i', image: 'busybox', command: ['true'] }],
      containers: [{ name: 'c', image: 'nginx' }],
    },
  })
  const statuses = async () => {
    const { status } = await client.get(pods, { namespace, name: 'p' })
    const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    return all.map(({ name, restartCount, ready }) => `${name} ${restartCount} ${ready}`).join(', ')
  }
  await until(async () => (await statuses()) === 'i 0 true, c 0 true')
  await runtime.removePod(pod.metadata.uid ?? '')
  await client.patch(pods, { namespace, name: 'p' }, { metadata: { labels: { look: 'again' } } })
  await until(async () => (await statuses()) === 'i 1 true, c 1 true')
})

test('A Pod that cannot be removed at first is removed later', async () => {
  const node = await startNode()
  await giveRanges(node)
  await node.first.kubelet.ready
  const { client, runtime } = node
  const spec = {
    nodeName: 'node1',
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: 'nginx' }],
  }
  const { metadata } = await client.create(pods, { metadata: { name: 'p', namespace }, spec })
  const uid = metadata.uid ?? ''
  await until(() => runtime.containers(uid).length > 0)
  const remove = runtime.removePod.bind(runtime)
  let failures = 2
  runtime.removePod = async uid => {
    if (failures-- > 0) throw new Error('failed to destroy network')
    await remove(uid)
  }
  await client.delete(pods, { namespace, name: 'p' }, { gracePeriodSeconds: 0 })
  await until(() => failures === 1)
  expect(runtime.containers(uid)).toHaveLength(1)
  await node.clock.advance(500)
  await until(() => failures === 0)
  await node.clock.advance(1000)
  await until(() => runtime.containers(uid).length === 0)
})

/** As a runtime that makes a container whose process then cannot begin. */
function failToBegin(runtime: SimulatedRuntime): void {
  const ended: RuntimeContainer[] = []
  Object.assign(runtime, {
    async startContainer({ container, attempt }: ContainerStart) {
      const exit = { exitCode: 128, reason: 'StartError', finishedAt: '2026-01-01T12:00:00Z' }
      const image = container.image ?? ''
      ended.splice(0, 1, {
        name: container.name,
        id: `simulated://${attempt}`,
        image,
        imageID: image,
        attempt,
        startedAt: '2026-01-01T12:00:00Z',
        exit,
      })
      throw new RuntimeError('RunContainerError', 'no such file')
    },
    containers: () => ended,
  })
}

test.each([
  ['Never', 'Failed', { terminated: { exitCode: 128, reason: 'StartError' } }],
  ['Always', 'Running', { waiting: { reason: 'RunContainerError', message: 'no such file' } }],
])('With policy %s a container that cannot begin leaves the Pod %s', async (restartPolicy, phase, state) => {
  const node = await startNode()
  await giveRanges(node)
  await node.first.kubelet.ready
  failToBegin(node.runtime)
  const containers = [{ name: 'c', image: 'nginx', command: ['/missing'] }]
  await node.client.create(pods, {
    metadata: { name: 'p', namespace },
    spec: { nodeName: 'node1', automountServiceAccountToken: false, restartPolicy, containers },
  })
  await settle(200)
  const { status } = await node.client.get(pods, { namespace, name: 'p' })
  expect(status).toMatchObject({ phase, containerStatuses: [{ state }] })
})

test('A Pod that never got a sandbox goes when it is deleted', async () => {
  const node = await startNode()
  await giveRanges(node)
  await node.first.kubelet.ready
  const refuse = () => Promise.reject(new RuntimeError('FailedCreatePodSandBox', 'no such handler'))
  Object.assign(node.runtime, { createSandbox: refuse })
  await node.client.create(pods, {
    metadata: { name: 'p', namespace },
    spec: { nodeName: 'node1', automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] },
  })
  await settle(200)
  const { status } = await node.client.get(pods, { namespace, name: 'p' })
  expect(status?.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'ContainerCreating' } })
  await node.client.delete(pods, { namespace, name: 'p' })
  await settle(200)
  expect((await node.client.list(pods, { namespace })).items).toEqual([])
})
