// The Service proxy with real packets: a node, Pods and a client outside as network namespaces, the
// kernel's nftables and conntrack, and the real API server over a memory store.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Endpoint, Service, ServiceSpec, ServiceStatus } from '../src/api/generated/types.ts'
import type { KubeObject } from '../src/api/object.ts'
import type { Resource } from '../src/api/resource.ts'
import { namespaces } from '../src/api/resources/core/namespace.ts'
import { nodes } from '../src/api/resources/core/node.ts'
import { services } from '../src/api/resources/core/service.ts'
import { endpointSlices } from '../src/api/resources/discovery.k8s.io/endpointslice.ts'
import { admin, openTestServer } from '../src/apiserver/apiserver.fake.ts'
import { Client } from '../src/client/client.ts'
import { Informers } from '../src/client/informers.ts'
import { systemClock } from '../src/component/clock.ts'
import { silentLogger } from '../src/component/log.ts'
import { familyOf, familyOrders, type IPFamilies, type IPFamily } from '../src/ip/family.ts'
import { ServiceProxy } from '../src/network/proxy/proxy.ts'
import { addressIn, type Lab, missingForTraffic, type Place, startLab } from './networklab.ts'
import { versionsOf } from './nodenetwork.ts'
import { nodePorts, reservePort } from './ports.ts'

const missing = missingForTraffic()
const namespace = 'ns'
const ranges: Record<IPFamily, string> = { IPv4: '10.96.0.0/16', IPv6: 'fd00:10:96::/112' }
const advertised: Record<IPFamily, string> = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' }

/** Hosts of the lab by the name of the Pod, and the node they are on. */
const podPlaces = {
  podA: ['pods', 2, 'node-1'],
  podB: ['pods', 3, 'node-1'],
  podC: ['otherPods', 2, 'node-2'],
} as const
type PodName = keyof typeof podPlaces

class World {
  readonly families: IPFamilies
  lab!: Lab
  client!: Client
  informers!: Informers
  proxy!: ServiceProxy
  /** What the proxy warned of. */
  readonly problems: string[] = []
  #stop: (() => Promise<void>)[] = []

  constructor(families: IPFamilies) {
    this.families = families
  }

  async start() {
    this.lab = await startLab(this.families)
    for (const name of Object.keys(podPlaces) as PodName[]) {
      await this.lab[name].ask({ kind: 'serve', name, port: 8080 })
    }
    const opened = await openTestServer({
      serviceClusterIPRanges: this.families.map(family => ranges[family]),
      advertiseAddress: advertised[this.families[0]!],
    })
    this.client = new Client(opened.server.transport(admin))
    await this.client.create(namespaces, { metadata: { name: namespace } })
    const podCIDRs = this.families.map(family => (family === 'IPv4' ? '10.244.1.0/24' : 'fd00:10:244:1::/64'))
    await this.client.create(nodes, { metadata: { name: 'node-1' }, spec: { podCIDRs } })
    const note = (message: string) => void this.problems.push(message)
    const log = { ...silentLogger, warn: note, error: note, child: () => log }
    const informers = new Informers({ client: this.client, clock: systemClock })
    this.informers = informers
    this.proxy = new ServiceProxy({
      informers,
      exec: this.lab.node.exec,
      nodeName: 'node-1',
      nodeAddresses: this.families.map(family => addressIn('outside', family, 1)),
      clock: systemClock,
      log,
      checkMs: 500,
    })
    await this.proxy.start()
    this.#stop = [
      () => this.proxy.stop(),
      () => informers.stop(),
      () => opened.close(),
      () => this.lab.stop(),
    ]
  }

  async stop() {
    for (const stop of this.#stop) await stop()
  }

  /** With an address per family that the node has. */
  async service(name: string, spec: ServiceSpec, status?: ServiceStatus): Promise<Service> {
    const created = await this.client.create(services, {
      metadata: { namespace, name },
      spec: { ipFamilyPolicy: 'PreferDualStack', ports: [{ port: 80, targetPort: 8080 }], ...spec },
    })
    return status ? this.client.updateStatus(services, { ...created, status }) : created
  }

  /** Replaces the slices of the Service. */
  async endpoints(
    service: string,
    pods: readonly (readonly [PodName, Endpoint['conditions']?])[],
    protocol = 'TCP',
  ): Promise<void> {
    for (const family of this.families) {
      const name = `${service}-${family.toLowerCase()}`
      const slice = {
        metadata: { namespace, name, labels: { 'kubernetes.io/service-name': service } },
        addressType: family,
        ports: [{ name: '', port: 8080, protocol }],
        endpoints: pods.map(([pod, conditions = { ready: true }]) => {
          const [network, host, nodeName] = podPlaces[pod]
          return { addresses: [addressIn(network, family, host)], nodeName, conditions }
        }),
      }
      const known = await this.client.get(endpointSlices, { namespace, name }).catch(() => undefined)
      if (known) await this.client.update(endpointSlices, { ...known, ...slice, metadata: known.metadata })
      else await this.client.create(endpointSlices, slice)
    }
    await this.synced()
  }

  /** The kernel has what the API server has. */
  async synced(): Promise<void> {
    const resources: readonly Resource<KubeObject>[] = [services, endpointSlices]
    const newest = await Promise.all(
      resources.map(async resource => {
        const { items } = await this.client.list(resource)
        return { known: this.informers.of(resource), versions: versionsOf(items) }
      }),
    )
    const isCurrent = () =>
      newest.every(({ known, versions }) => versionsOf(known.values()) === versions) && this.proxy.isCurrent
    await expect.poll(isCurrent).toBe(true)
  }
}

const clusterIP = (service: Service, family: IPFamily) =>
  service.spec!.clusterIPs!.find(address => familyOf(address) === family)!

const tcp = (from: Place, host: string, port = 80) => from.ask({ kind: 'tcp', host, port })
const several = async (times: number, ask: () => Promise<string>) => {
  const answers: string[] = []
  for (let time = 0; time < times; time++) answers.push(await ask())
  return answers
}
const namesIn = (answers: readonly string[]) =>
  [...new Set(answers.map(answer => answer.split(' ')[0]))].sort()

const all = ['podA', 'podB', 'podC'] as const
const nodeAddress = (family: IPFamily) => addressIn('outside', family, 1)
const clientAddress = (family: IPFamily) => addressIn('outside', family, 2)
const balancer: Record<IPFamily, string> = { IPv4: '203.0.113.7', IPv6: '2001:db8:7::7' }
const own: Record<IPFamily, string> = { IPv4: '203.0.113.8', IPv6: '2001:db8:7::8' }

describe.skipIf(missing && !process.env['NO_SKIP']).each(familyOrders.map(families => ({ families })))(
  `The proxy of a node with $families${missing ? ` (${missing})` : ''}`,
  ({ families }) => {
    const world = new World(families)
    const ingress = { loadBalancer: { ingress: families.map(family => ({ ip: balancer[family] })) } }
    beforeAll(() => world.start())
    afterAll(() => world.stop())

    test('A ClusterIP leads to all its endpoints, and a Pod of the node keeps its address', async () => {
      const service = await world.service('web', {})
      await world.endpoints('web', [['podA'], ['podB'], ['podC']])
      for (const family of families) {
        const address = clusterIP(service, family)
        const answers = await several(60, () => tcp(world.lab.podA, address))
        expect(namesIn(answers)).toEqual(['podA', 'podB', 'podC'])
        expect(answers).toContain(`podC ${addressIn('pods', family, 2)}`)
        expect(namesIn(await several(60, () => tcp(world.lab.node, address)))).toEqual([
          'podA',
          'podB',
          'podC',
        ])
      }
    })

    test('A Pod reaches itself through its Service, and then sees the node as its client', async () => {
      const service = await world.service('self', {})
      await world.endpoints('self', [['podA']])
      for (const family of families) {
        const answer = await tcp(world.lab.podA, clusterIP(service, family))
        expect(answer).toBe(`podA ${addressIn('pods', family, 1)}`)
      }
    })

    test('A Service without endpoints and a port that a Service lacks refuse at once', async () => {
      const service = await world.service('empty', { type: 'NodePort' })
      await world.service('emptyudp', { ports: [{ port: 80, protocol: 'UDP' }] })
      await world.synced()
      for (const family of families) {
        for (const from of [world.lab.podA, world.lab.node, world.lab.client]) {
          expect(await tcp(from, nodeAddress(family), service.spec!.ports![0]!.nodePort)).toBe('ECONNREFUSED')
          if (from === world.lab.client) continue
          expect(await tcp(from, clusterIP(service, family))).toBe('ECONNREFUSED')
          expect(await tcp(from, clusterIP(service, family), 81)).toBe('ECONNREFUSED')
          const question = { kind: 'udp', host: clusterIP(service, family), port: 80 } as const
          expect(await from.ask(question)).toBe('ECONNREFUSED')
        }
      }
    })

    test('A node port answers on all addresses of the node, and the client is masqueraded', async () => {
      const service = await world.service('node', { type: 'NodePort' })
      await world.endpoints('node', [['podA'], ['podC']])
      const port = service.spec!.ports![0]!.nodePort!
      for (const family of families) {
        for (const address of [nodeAddress(family), addressIn('pods', family, 1)]) {
          const answers = await several(30, () => tcp(world.lab.client, address, port))
          expect([...new Set(answers)].sort()).toEqual([
            `podA ${addressIn('pods', family, 1)}`,
            `podC ${addressIn('otherPods', family, 1)}`,
          ])
        }
        expect(await tcp(world.lab.node, nodeAddress(family), port)).toMatch(/^pod[AC] /)
      }
    })

    test('The node port of a Service that lacks a family refuses it', async () => {
      for (const family of families) {
        const name = `only-${family.toLowerCase()}`
        const spec = { type: 'NodePort', ipFamilyPolicy: 'SingleStack', ipFamilies: [family] }
        const service = await world.service(name, spec)
        await world.endpoints(name, [['podA']])
        const port = service.spec!.ports![0]!.nodePort!
        for (const other of families) {
          const answer = await tcp(world.lab.client, nodeAddress(other), port)
          if (other === family) expect(answer).toMatch(/^podA /)
          else expect(answer).toBe('ECONNREFUSED')
        }
      }
    })

    test('Load balancer and external addresses answer, the former to the sources of its ranges', async () => {
      const sources = families.map(family => `${clientAddress(family)}/${family === 'IPv4' ? 32 : 128}`)
      await world.service(
        'balanced',
        {
          type: 'LoadBalancer',
          externalIPs: families.map(family => own[family]),
          loadBalancerSourceRanges: sources,
        },
        ingress,
      )
      await world.endpoints('balanced', [['podA'], ['podB']])
      for (const family of families) {
        expect(await tcp(world.lab.client, balancer[family])).toMatch(/^pod[AB] /)
        expect(await tcp(world.lab.client, own[family])).toMatch(/^pod[AB] /)
        const refused = { kind: 'tcp', host: balancer[family], port: 80, timeoutMs: 300 } as const
        expect(await world.lab.podA.ask(refused)).toBe('timeout')
        expect(await tcp(world.lab.podA, own[family])).toMatch(/^pod[AB] /)
      }
      await world.client.delete(services, { namespace, name: 'balanced' })
    })

    test('With externalTrafficPolicy Local the client keeps its address and meets Pods of the node alone', async () => {
      // On it the proxy listens for health checks, in this process and not in the node's namespace.
      const healthCheckNodePort = await reservePort(nodePorts)
      const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort }
      const service = await world.service('local', spec, ingress)
      await world.endpoints('local', [['podA'], ['podC']])
      const port = service.spec!.ports![0]!.nodePort!
      for (const family of families) {
        const expected = [`podA ${clientAddress(family)}`]
        const { client, podB, node } = world.lab
        expect([...new Set(await several(15, () => tcp(client, balancer[family])))]).toEqual(expected)
        expect([...new Set(await several(15, () => tcp(client, nodeAddress(family), port)))]).toEqual(
          expected,
        )
        expect(namesIn(await several(40, () => tcp(podB, balancer[family])))).toEqual(['podA', 'podC'])
        expect(namesIn(await several(40, () => tcp(node, balancer[family])))).toEqual(['podA', 'podC'])
      }
      await world.endpoints('local', [['podC']])
      for (const family of families) {
        const question = { kind: 'tcp', host: balancer[family], port: 80, timeoutMs: 300 } as const
        expect(await world.lab.client.ask(question)).toBe('timeout')
        expect(await tcp(world.lab.podB, balancer[family])).toMatch(/^podC /)
      }
      await world.client.delete(services, { namespace, name: 'local' })
    })

    test('With internalTrafficPolicy Local a ClusterIP leads to Pods of the node alone', async () => {
      const service = await world.service('inner', { internalTrafficPolicy: 'Local' })
      await world.endpoints('inner', [['podB'], ['podC']])
      for (const family of families) {
        const answers = await several(15, () => tcp(world.lab.podA, clusterIP(service, family)))
        expect(namesIn(answers)).toEqual(['podB'])
      }
    })

    test('A client with affinity comes back to its endpoint until that goes', async () => {
      const service = await world.service('sticky', { type: 'NodePort', sessionAffinity: 'ClientIP' })
      await world.endpoints(
        'sticky',
        all.map(name => [name]),
      )
      for (const family of families) {
        const address = clusterIP(service, family)
        const first = namesIn(await several(15, () => tcp(world.lab.podA, address)))
        expect(first).toHaveLength(1)
        const port = service.spec!.ports![0]!.nodePort!
        expect(
          namesIn(await several(15, () => tcp(world.lab.client, nodeAddress(family), port))),
        ).toHaveLength(1)
        const others = all.filter(name => name !== first[0])
        await world.endpoints(
          'sticky',
          others.map(name => [name]),
        )
        const next = namesIn(await several(15, () => tcp(world.lab.podA, address)))
        expect(next).toHaveLength(1)
        expect(others).toContain(next[0])
        await world.endpoints(
          'sticky',
          all.map(name => [name]),
        )
        expect(namesIn(await several(15, () => tcp(world.lab.podA, address)))).toEqual(next)
      }
    })

    test('A client with affinity may get another endpoint when its time is over', async () => {
      const service = await world.service('forgetful', {
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } },
      })
      await world.endpoints(
        'forgetful',
        all.map(name => [name]),
      )
      const drawn = new Map(families.map(family => [family, new Set<string>()]))
      const isOver = () => [...drawn.values()].every(({ size }) => size > 1)
      // Any of them may be drawn again: forty draws alike do not happen.
      for (let draw = 0; draw < 40 && !isOver(); draw++) {
        if (draw > 0) await new Promise(resolve => setTimeout(resolve, 1100))
        for (const [family, names] of drawn) {
          names.add((await tcp(world.lab.podA, clusterIP(service, family))).split(' ')[0]!)
        }
      }
      expect(isOver()).toBe(true)
      for (const names of drawn.values()) expect(all).toEqual(expect.arrayContaining([...names]))
    })

    test('Terminating endpoints that serve get traffic while no other is ready', async () => {
      const service = await world.service('ending', {})
      const ending = { ready: false, serving: true, terminating: true }
      await world.endpoints('ending', [
        ['podA', ending],
        ['podB', { ready: false, serving: false }],
      ])
      for (const family of families) {
        expect(namesIn(await several(10, () => tcp(world.lab.node, clusterIP(service, family))))).toEqual([
          'podA',
        ])
      }
      await world.endpoints('ending', [['podA', ending], ['podB']])
      for (const family of families) {
        expect(namesIn(await several(10, () => tcp(world.lab.node, clusterIP(service, family))))).toEqual([
          'podB',
        ])
      }
    })

    test('A UDP client that keeps its port follows the endpoints', async () => {
      const service = await world.service('udp', {
        type: 'NodePort',
        ports: [{ port: 53, targetPort: 8080, protocol: 'UDP' }],
      })
      const port = service.spec!.ports![0]!.nodePort!
      await world.endpoints('udp', [['podA']], 'UDP')
      for (const pod of ['podA', 'podB', 'podC'] as const) {
        await world.endpoints('udp', [[pod]], 'UDP')
        for (const family of families) {
          const question = {
            kind: 'udp',
            host: clusterIP(service, family),
            port: 53,
            localPort: 5353,
          } as const
          expect(await world.lab.node.ask(question)).toMatch(new RegExp(`^${pod} `))
          const outside = { kind: 'udp', host: nodeAddress(family), port, localPort: 5354 } as const
          expect(await world.lab.client.ask(outside)).toMatch(new RegExp(`^${pod} `))
        }
      }
    })

    test('When somebody flushes the rules they come back, and cleanup leaves nothing', async () => {
      const before = world.proxy.statistics.fullSyncs
      await world.lab.node.exec.run('nft', ['flush', 'table', 'inet', 'futago-proxy'])
      await expect.poll(() => world.proxy.statistics.fullSyncs).toBe(before + 1)
      const service = await world.client.get(services, { namespace, name: 'web' })
      for (const family of families) {
        expect(await tcp(world.lab.podA, clusterIP(service, family))).toMatch(/^pod/)
      }
      expect(world.problems).toEqual(['the table was changed by somebody else; building it anew'])
      await world.proxy.stop()
      await world.proxy.cleanup()
      expect((await world.lab.node.exec.run('nft', ['list', 'tables'])).stdout).toBe('')
    })
  },
)
