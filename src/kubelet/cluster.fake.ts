// A small cluster for the kubelet's tests: the real API server over a memory store, simulated nodes, time
// that stands still. Node ranges are given by hand, Pods are bound by hand.
import type { Pod } from '../api/generated/types.ts'
import { configMaps } from '../api/resources/core/configmap.ts'
import { events } from '../api/resources/core/event.ts'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { serviceAccounts } from '../api/resources/core/serviceaccount.ts'
import { admin, openTestServer } from '../apiserver/apiserver.fake.ts'
import { Client } from '../client/client.ts'
import { Events } from '../client/events.ts'
import { Informers } from '../client/informers.ts'
import type { IPFamilies } from '../ip/family.ts'
import { planSimulatedNodes, SimulatedNodes } from './simulatednodes.ts'

export const podRanges = { IPv4: '10.244.1.0/24', IPv6: 'fd00:10:244:1::/64' }
export const namespace = 'default'

export async function settle(turns = 40): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
}

export async function openAPI(options: Parameters<typeof openTestServer>[0] = {}) {
  const { server, clock } = await openTestServer(options)
  const client = new Client(server.transport(admin))
  const object = { metadata: { name: 'default', namespace } }
  await client.create(serviceAccounts, object).catch(() => undefined)
  await client.create(configMaps, {
    metadata: { name: 'kube-root-ca.crt', namespace },
    data: { 'ca.crt': 'PEM' },
  })
  return { server, clock, client }
}

export async function startTestCluster(families: IPFamilies = ['IPv4', 'IPv6']) {
  const { server, clock, client } = await openAPI()

  async function startNodes() {
    const informers = new Informers({ client, clock })
    const recorded = new Events({ client, clock })
    const simulated = new SimulatedNodes({
      clientOf: name =>
        new Client(server.transport({ name: `system:node:${name}`, groups: ['system:nodes'] })),
      hasTokens: false,
      informers,
      clock,
      events: recorded,
      nodes: planSimulatedNodes(1, families),
      kubeletVersion: 'v1.36.0',
      clusterDNS: families.map(family => ({ IPv4: '10.96.0.10', IPv6: 'fd00:10:96::a' })[family]),
    })
    await simulated.start()
    return { informers, recorded, simulated }
  }
  let running = await startNodes()
  await client.patch(nodes, { name: 'node1' }, { spec: { podCIDRs: families.map(f => podRanges[f]) } })
  await settle()

  return {
    client,
    clock,
    connect: () => running.simulated.connect('node1'),
    ready: () => running.simulated.ready,
    /** Bound to the node. */
    async run(name: string, spec: Partial<Pod['spec']> & object, metadata: object = {}): Promise<Pod> {
      await client.create(pods, {
        metadata: { name, namespace, ...metadata },
        spec: { containers: [{ name: 'c', image: 'nginx' }], nodeName: 'node1', ...spec },
      })
      await settle()
      return client.get(pods, { namespace, name })
    },
    async pod(name: string): Promise<Pod> {
      await settle()
      return client.get(pods, { namespace, name })
    },
    /** Time goes on, and everybody does what is due. */
    async pass(ms: number): Promise<void> {
      await clock.advance(ms)
      await settle()
    },
    /** `Reason: message` of the events so far, about Pods or about nodes. */
    async events(kind: 'Pod' | 'Node' = 'Pod'): Promise<string[]> {
      await settle()
      await running.recorded.flushed()
      const fieldSelector = `involvedObject.kind=${kind}`
      const { items } = await client.list(events, { namespace, fieldSelector })
      return items.map(({ reason, message }) => `${reason}: ${message}`)
    },
    /** As if the process had ended and begun anew. */
    async restart(): Promise<void> {
      await running.simulated.stop()
      await running.informers.stop()
      running = await startNodes()
      await settle()
    },
    async stop(): Promise<void> {
      await running.simulated.stop()
      await running.informers.stop()
      await server.close()
    },
  }
}
