// Three API servers on one etcd, each a process of its own, under load from all sides; the one that leads is
// killed in the middle of it. What was acknowledged must be there, once, and the others must go on.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConfigMap, Lease, Service } from '../src/api/generated/types.ts'
import { deployments } from '../src/api/resources/apps/deployment.ts'
import { leases } from '../src/api/resources/coordination.k8s.io/lease.ts'
import { configMaps } from '../src/api/resources/core/configmap.ts'
import { events } from '../src/api/resources/core/event.ts'
import { pods } from '../src/api/resources/core/pod.ts'
import { services } from '../src/api/resources/core/service.ts'
import { isAlreadyExists, isConflict, StatusError } from '../src/api/status.ts'
import { Client } from '../src/client/client.ts'
import { execInPod } from '../src/client/exec.ts'
import { clientConfig, parseKubeconfig } from '../src/client/kubeconfig.ts'
import { type ClosableTransport, httpsTransport } from '../src/client/transport.ts'
import { waitForObject } from '../src/client/waitfor.ts'
import { systemClock } from '../src/component/clock.ts'
import { EtcdServers } from './etcdserver.ts'
import { TestedCluster } from './futago.ts'
import { whyNot } from './needs.ts'

const missing = whyNot(['etcd'])
const namespace = 'default'

interface Server {
  readonly name: string
  readonly cluster: TestedCluster
  readonly transport: ClosableTransport
  readonly client: Client
}

let etcd: EtcdServers
let home: string
let servers: Server[]

async function startServer(name: string, nodes: number): Promise<Server> {
  const flags = ['--name', name, '--nodes', String(nodes), '--store', etcd.location]
  const cluster = await TestedCluster.up(
    flags.concat('--cert-dir', join(home, 'keys'), '--leader-elect-lease-duration', '6s'),
    home,
  )
  const config = await parseKubeconfig(readFileSync(cluster.kubeconfig, 'utf8'))
  const transport = httpsTransport(await clientConfig(config))
  return { name, cluster, transport, client: new Client(transport) }
}

/** Nobody knows whether what was asked for has been done. */
const gotNoAnswer = (error: unknown) => !(error instanceof StatusError)

/** Does something at one server, or at the next one when that does not answer. */
async function atAny<T>(first: number, work: (client: Client, isFirst: boolean) => Promise<T>): Promise<T> {
  for (let index = first; ; index++) {
    const { client } = servers[index % servers.length]!
    try {
      return await work(client, index === first)
    } catch (error) {
      if (!gotNoAnswer(error) || index > first + 10) throw error
    }
  }
}

class Load {
  readonly named: string[] = []
  readonly generated: string[] = []
  readonly services: Service[] = []
  /** Increments that were acknowledged, and those of which nobody knows. */
  counted = 0
  unknown = 0

  async run(writers: number, rounds: number, halfway: () => void): Promise<void> {
    let done = 0
    const write = async (writer: number) => {
      for (let round = 0; round < rounds; round++) {
        await Promise.all([
          this.#create(writer, `w${writer}-${round}`),
          this.#generate(writer),
          this.#serve(writer, `w${writer}-${round}`),
          this.#count(writer),
        ])
        if (++done === (writers * rounds) / 2) halfway()
      }
    }
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  }

  async #create(writer: number, name: string): Promise<void> {
    await atAny(writer, async (client, isFirst) => {
      try {
        await client.create(configMaps, { metadata: { namespace, name, labels: { load: 'named' } } })
      } catch (error) {
        // Of the one that gave no answer.
        if (isFirst || !isAlreadyExists(error)) throw error
      }
    })
    this.named.push(name)
  }

  async #generate(writer: number): Promise<void> {
    const metadata = { namespace, generateName: 'g-', labels: { load: 'generated' } }
    const { metadata: made } = await atAny(writer, client => client.create(configMaps, { metadata }))
    this.generated.push(made.name!)
  }

  async #serve(writer: number, name: string): Promise<void> {
    const made = await atAny(writer, async (client, isFirst) => {
      try {
        return await client.create(services, {
          metadata: { namespace, name, labels: { load: 'service' } },
          spec: { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack', ports: [{ port: 80 }] },
        })
      } catch (error) {
        if (isFirst || !isAlreadyExists(error)) throw error
        return client.get(services, { namespace, name })
      }
    })
    this.services.push(made)
  }

  /** Reads, adds one and writes, as long as it takes. */
  async #count(writer: number): Promise<void> {
    await atAny(writer, async client => {
      for (;;) {
        const counter = await client.get(configMaps, { namespace, name: 'counter' })
        const data = { count: String(Number(counter.data?.['count']) + 1) }
        try {
          await client.update(configMaps, { ...counter, data })
          this.counted++
          return
        } catch (error) {
          if (isConflict(error)) continue
          const isSent = gotNoAnswer(error) && (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED'
          if (!isSent) throw error
          this.unknown++
          return
        }
      }
    })
  }
}

/** The events of ConfigMaps after a revision, as a server tells them. */
async function follow({ client }: Server, resourceVersion: string): Promise<string[]> {
  const seen: string[] = []
  await client.watch(
    configMaps,
    { namespace, resourceVersion },
    {
      onEvents(events) {
        for (const { type, object } of events) {
          seen.push(`${object.metadata.resourceVersion} ${type} ${object.metadata.name}`)
        }
      },
      onEnd: error => seen.push(`ended: ${error}`),
    },
  )
  return seen
}

const sorted = (names: readonly (string | number | undefined)[]) => [...names].sort()

describe.skipIf(missing !== undefined)(
  `several API servers on one etcd${missing ? ` (${missing})` : ''}`,
  () => {
    beforeAll(async () => {
      etcd = await EtcdServers.start({ family: 'IPv6' })
      home = mkdtempSync(join(tmpdir(), 'futago-scaling-'))
      const first = await startServer('a', 0)
      servers = [first, ...(await Promise.all([startServer('b', 1), startServer('c', 0)]))]
    })
    afterAll(async () => {
      for (const { cluster, transport } of servers ?? []) {
        transport.close()
        await cluster.stop()
      }
      await etcd?.stop()
      rmSync(home, { recursive: true, force: true })
    })

    test('One that is killed under load takes nothing along, and the others go on', async () => {
      const [a, b, c] = servers as [Server, Server, Server]
      const counter = { metadata: { namespace, name: 'counter' }, data: { count: '0' } }
      const { metadata } = await c.client.create(configMaps, counter)
      const followers = await Promise.all([b, c].map(server => follow(server, metadata.resourceVersion!)))
      const before = await c.client.get(leases, { namespace: 'kube-system', name: 'kube-controller-manager' })
      const load = new Load()
      let killed: Promise<unknown> | undefined
      await load.run(12, 20, () => {
        killed = a.cluster.stop('SIGKILL')
      })
      await killed
      servers = [b, c]

      const found = (await b.client.list(configMaps, { namespace, labelSelector: 'load=named' })).items
      expect(sorted(found.map(({ metadata }) => metadata.name))).toEqual(sorted(load.named))
      expect(new Set(load.generated).size).toBe(240)
      const generated = (await c.client.list(configMaps, { namespace, labelSelector: 'load=generated' }))
        .items
      expect(generated.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(load.generated))

      const made = (await c.client.list(services, { namespace, labelSelector: 'load=service' })).items
      expect(sorted(made.map(({ metadata }) => metadata.name))).toEqual(sorted(load.named))
      expect(new Set(made.flatMap(({ spec }) => spec?.clusterIPs ?? [])).size).toBe(480)
      expect(new Set(made.map(({ spec }) => spec?.ports?.[0]?.nodePort)).size).toBe(240)
      const uids = new Map(made.map(({ metadata }) => [metadata.name, metadata.uid]))
      for (const { metadata } of load.services) expect(uids.get(metadata.name)).toBe(metadata.uid)

      const { data } = await b.client.get<ConfigMap>(configMaps, { namespace, name: 'counter' })
      expect(Number(data?.['count'])).toBeGreaterThanOrEqual(load.counted)
      expect(Number(data?.['count'])).toBeLessThanOrEqual(load.counted + load.unknown)
      // Those that were under way at the one that was killed.
      expect(load.unknown).toBeLessThanOrEqual(4)

      // A last change, so that it is known when the watches have told everything.
      await c.client.create(configMaps, { metadata: { namespace, name: 'last' } })
      for (const seen of followers) {
        while (!seen.at(-1)?.endsWith(' last')) await systemClock.sleep(5)
        const revisions = seen.map(line => Number(line.split(' ')[0]))
        expect(revisions).toEqual([...new Set(revisions)].sort((x, y) => x - y))
        expect(sorted(seen.filter(line => / ADDED w/.test(line)).map(line => line.split(' ')[2]))).toEqual(
          sorted(load.named),
        )
      }
      expect(followers[1]).toEqual(followers[0])

      await takenOver(b, before)
      await reached(c)
    })

    test('A leader that is stopped in the middle of its work and goes on later leads no more', async () => {
      const [leading, other] = await byLeadership()
      const { client } = other
      const before = await client.list(pods, { namespace })
      const seen = await followPods(other, before.metadata.resourceVersion!)
      await createBurst(client, 60)
      await until(() => seen.length >= 5)
      leading.cluster.process.kill('SIGSTOP')
      try {
        const own = identityOf(other)
        await untilHeld(client, own)
        await client.patch(deployments, { namespace, name: 'burst' }, { spec: { replicas: 20 } })
        await untilScaled(client, 20)
        const made = seen.filter(line => line.startsWith('ADDED')).length
        leading.cluster.process.kill('SIGCONT')
        await until(async () => {
          const { items } = await client.list(events, { namespace: managerLease.namespace })
          return items.some(({ message }) => message === `${identityOf(leading)} stopped leading`)
        })
        // It has read what there is now, and could act upon it.
        const { items } = await leading.client.list(pods, { namespace, labelSelector: 'app=burst' })
        expect(items.filter(({ metadata }) => !metadata.deletionTimestamp)).toHaveLength(20)
        expect(seen.filter(line => line.startsWith('ADDED'))).toHaveLength(made)
        const moved = seen.filter(line => / bound again/.test(line))
        expect(moved).toEqual([])
        const lease = await leading.client.get(leases, managerLease)
        expect(lease.spec?.holderIdentity).toBe(own)
      } finally {
        leading.cluster.process.kill('SIGCONT')
      }
    })
  },
)

/** The controllers of another server make Pods, its scheduler gives them to a node, which runs them. */
async function takenOver({ client }: Server, before: Lease): Promise<void> {
  const labels = { app: 'web' }
  await client.create(deployments, {
    metadata: { namespace, name: 'web' },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web' }] } },
    },
  })
  await waitForObject({
    client,
    clock: systemClock,
    resource: deployments,
    namespace,
    name: 'web',
    timeoutMs: 120_000,
    until: found => found?.status?.readyReplicas === 3,
  })
  const after = await client.get(leases, { namespace: 'kube-system', name: 'kube-controller-manager' })
  expect(after.spec?.holderIdentity).not.toBe(before.spec?.holderIdentity)
  // More than one when the machine is so busy that a leader is too late to renew.
  expect(after.spec?.leaseTransitions).toBeGreaterThan(before.spec?.leaseTransitions ?? 0)
}

/** Pods of a node that another server simulates. */
async function reached({ client, transport }: Server): Promise<void> {
  const { items } = await client.list(pods, { namespace, labelSelector: 'app=web' })
  const { name = '' } = items[0]!.metadata
  const target = { namespace, pod: name, container: 'web', protocol: 'SPDY/3.1' } as const
  expect(await execInPod(transport, { ...target, command: ['hostname'] })).toBe(`${name}\n`)
}

/** Throws when it has not come true in time. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonic() + 20_000
  while (!(await condition())) {
    if (systemClock.monotonic() > endMs) throw new Error(`It did not come true: ${condition}`)
    await systemClock.sleep(5)
  }
}

const managerLease = { namespace: 'kube-system', name: 'kube-controller-manager' }

const identityOf = ({ name }: Server) => readFileSync(join(home, name, 'identity'), 'utf8')

/** The server whose controllers work, and one that does not have that part. */
async function byLeadership(): Promise<[Server, Server]> {
  const [one, other] = servers as [Server, Server]
  const { spec } = await one.client.get(leases, managerLease)
  return spec?.holderIdentity === identityOf(one) ? [one, other] : [other, one]
}

/** Pods that come, and those that are given to a node though they have one. */
async function followPods({ client }: Server, resourceVersion: string): Promise<string[]> {
  const seen: string[] = []
  const nodes = new Map<string, string>()
  await client.watch(
    pods,
    { namespace, resourceVersion },
    {
      onEvents(events) {
        for (const { type, object } of events) {
          const { name = '' } = object.metadata
          const { nodeName = '' } = object.spec ?? {}
          if (type === 'ADDED') seen.push(`ADDED ${name}`)
          const before = nodes.get(name)
          if (before && before !== nodeName) seen.push(`${name} bound again`)
          nodes.set(name, nodeName)
        }
      },
      onEnd: error => seen.push(`ended: ${error}`),
    },
  )
  return seen
}

function createBurst(client: Client, replicas: number) {
  const labels = { app: 'burst' }
  return client.create(deployments, {
    metadata: { namespace, name: 'burst' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web' }] } },
    },
  })
}

const untilHeld = (client: Client, identity: string) =>
  waitForObject({
    client,
    clock: systemClock,
    resource: leases,
    ...managerLease,
    timeoutMs: 20_000,
    until: found => found?.spec?.holderIdentity === identity,
  })

const untilScaled = (client: Client, replicas: number) =>
  waitForObject({
    client,
    clock: systemClock,
    resource: deployments,
    namespace,
    name: 'burst',
    timeoutMs: 20_000,
    until: found => found?.status?.replicas === replicas && found.spec?.replicas === replicas,
  })
