// Nodes made of network namespaces: a bridge joins them, Pods are namespaces that the real CNI plugins
// connect, and a router stands for the world outside. The parts under test run in this process, over a real
// API server.
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeObject } from '../src/api/object.ts'
import type { Resource } from '../src/api/resource.ts'
import { namespaces } from '../src/api/resources/core/namespace.ts'
import { nodes } from '../src/api/resources/core/node.ts'
import { admin, openTestServer } from '../src/apiserver/apiserver.fake.ts'
import { Client } from '../src/client/client.ts'
import { Informers } from '../src/client/informers.ts'
import { systemClock } from '../src/component/clock.ts'
import { type Component, stopAll } from '../src/component/component.ts'
import { type Exec, ExecError, hostExec, inNetworkNamespace } from '../src/host/exec.ts'
import { runIPCommands } from '../src/host/link.ts'
import { createNetworkNamespace, removeNetworkNamespace } from '../src/host/netns.ts'
import { writeSysctls } from '../src/host/sysctl.ts'
import type { IPFamilies, IPFamily } from '../src/ip/family.ts'
import { PodNetwork } from '../src/network/cni/podnetwork.ts'
import { NftCommand } from '../src/network/nftables/nft.ts'
import { NodeRoutes } from '../src/network/routes/routes.ts'
import { Place } from './networklab.ts'

type Addresses = Readonly<Record<IPFamily, string>>

const nodeAddress = (index: number): Addresses => ({ IPv4: `172.31.7.${index}`, IPv6: `fd00:31:7::${index}` })
const prefixLength: Readonly<Record<IPFamily, number>> = { IPv4: 24, IPv6: 64 }
const hostLength: Readonly<Record<IPFamily, number>> = { IPv4: 32, IPv6: 128 }
const routerAddress = nodeAddress(254)
/** Addresses beyond the router. */
export const outside: Addresses = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' }
export const podRange = (index: number): Addresses => ({
  IPv4: `10.201.${index}.0/24`,
  IPv6: `fd00:201:0:${index}::/64`,
})
const clusterRanges: Addresses = { IPv4: '10.201.0.0/16', IPv6: 'fd00:201::/56' }
const nodeRanges: Addresses = { IPv4: '172.31.7.0/24', IPv6: 'fd00:31:7::/64' }
const serviceRanges: Addresses = { IPv4: '10.96.0.0/16', IPv6: 'fd00:10:96::/112' }

/** A network namespace of the test: a node, a Pod, or a machine outside. */
export class Machine {
  readonly name: string
  readonly path: string
  readonly exec: Exec
  /** One for each family, in the network's order. */
  readonly addresses: readonly string[]
  #place: Place | undefined

  constructor(name: string, path: string, addresses: readonly string[]) {
    this.name = name
    this.path = path
    this.addresses = addresses
    this.exec = inNetworkNamespace(hostExec, path)
  }

  address(family: IPFamily): string {
    return this.addresses.find(address => address.includes(':') === (family === 'IPv6'))!
  }

  /** Started by the first who serves or asks here. */
  get #agent(): Place {
    this.#place ??= new Place(this.name, this.path)
    return this.#place
  }

  /** Answers every connection, and every packet of UDP, with the address it comes from. */
  async serve(port: number): Promise<void> {
    await this.#agent.ask({ kind: 'serve', name: '', port })
  }

  /** What the server there said, or `timeout`, `ECONNREFUSED`. */
  async connect(
    host: string,
    port: number,
    { protocol = 'TCP', timeoutMs = 20_000 }: { protocol?: 'TCP' | 'UDP'; timeoutMs?: number } = {},
  ): Promise<string> {
    const kind = protocol === 'TCP' ? 'tcp' : 'udp'
    return (await this.#agent.ask({ kind, host, port, timeoutMs })).trim()
  }

  /** Whether an echo request is answered in time. */
  async ping(address: string, waitSeconds = 10): Promise<boolean> {
    try {
      await this.exec.run('ping', ['-n', '-q', '-W', String(waitSeconds), '-c', '1', address])
      return true
    } catch (error) {
      if (error instanceof ExecError) return false
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#place?.stop()
    await removeNetworkNamespace(hostExec, this.path)
  }
}

/** Of objects: what they are called, and which version each is. */
export const versionsOf = (objects: Iterable<KubeObject>): string =>
  [...objects]
    .map(({ metadata }) => `${metadata.namespace} ${metadata.name} ${metadata.resourceVersion}`)
    .sort()
    .join()

interface CNIResult {
  readonly ips: readonly { readonly address: string }[]
}

export class NodeNetwork {
  readonly families: IPFamilies
  readonly directory = mkdtempSync(join(tmpdir(), 'n2-'))
  readonly machines: Machine[] = []
  readonly nodes: Machine[] = []
  readonly client: Client
  readonly informers: Informers
  readonly #components: Component[] = []
  readonly #closeServer: () => Promise<void>
  #ports = 0

  private constructor(
    families: IPFamilies,
    made: { client: Client; informers: Informers; close: () => Promise<void> },
  ) {
    this.families = families
    this.client = made.client
    this.informers = made.informers
    this.#closeServer = made.close
  }

  get router(): Machine {
    return this.machines[0]!
  }

  /** Nodes with the Pod network and the routes, and the router at `machines[0]`. */
  static async open(families: IPFamilies, nodeCount = 2): Promise<NodeNetwork> {
    const { server } = await openTestServer({
      serviceClusterIPRanges: families.map(family => serviceRanges[family]),
      advertiseAddress: outside[families[0]!],
    })
    const client = new Client(server.transport(admin))
    const informers = new Informers({ client, clock: systemClock })
    const network = new NodeNetwork(families, { client, informers, close: () => server.close() })
    try {
      await client.create(namespaces, { metadata: { name: 'default' } }).catch(() => undefined)
      await network.#makeRouter()
      for (let index = 1; index <= nodeCount; index++) await network.#makeNode(index)
      for (const node of network.nodes) await network.#startNode(node)
    } catch (error) {
      await network.close()
      throw error
    }
    return network
  }

  async #makeRouter(): Promise<void> {
    const router = await this.#makeMachine('router', this.#all(routerAddress))
    await runIPCommands(router.exec, [
      'link add br0 type bridge',
      'link set br0 up',
      ...this.families.flatMap(family => [
        `address add ${routerAddress[family]}/${prefixLength[family]} dev br0 nodad`,
        `address add ${outside[family]}/${hostLength[family]} dev lo nodad`,
      ]),
    ])
  }

  async #makeMachine(name: string, addresses: readonly string[]): Promise<Machine> {
    const machine = new Machine(name, join(this.directory, name), addresses)
    await createNetworkNamespace(hostExec, machine.path)
    this.machines.push(machine)
    return machine
  }

  /** Another machine on the nodes' link: `eth0`, with the given last part of its addresses. */
  async addMachine(name: string, index: number): Promise<Machine> {
    const machine = await this.#makeMachine(name, this.#all(nodeAddress(index)))
    const port = `n2p${this.#ports++}`
    await runIPCommands(this.router.exec, [
      `link add ${port} type veth peer name n2eth0`,
      `link set ${port} master br0 up`,
    ])
    await this.router.exec.run('ip', ['link', 'set', 'n2eth0', 'netns', machine.path])
    await writeSysctls(machine.exec, { 'net.ipv6.conf.n2eth0.accept_dad': '0' })
    await runIPCommands(machine.exec, [
      'link set n2eth0 name eth0 up',
      ...this.families.flatMap(family => [
        `address add ${nodeAddress(index)[family]}/${prefixLength[family]} dev eth0 nodad`,
        `route add default via ${routerAddress[family]}`,
      ]),
    ])
    return machine
  }

  async #makeNode(index: number): Promise<void> {
    const node = await this.addMachine(`node${index}`, index)
    this.nodes.push(node)
    const podCIDRs = this.#all(podRange(index))
    const created = await this.client.create(nodes, { metadata: { name: node.name }, spec: { podCIDRs } })
    const addresses = node.addresses.map(address => ({ type: 'InternalIP', address }))
    const conditions = [{ type: 'Ready', status: 'True' }]
    await this.client.updateStatus(nodes, { ...created, status: { addresses, conditions } })
  }

  async #startNode({ name, exec }: Machine): Promise<void> {
    const shared = { informers: this.informers, clock: systemClock, exec, nodeName: name }
    const network = new PodNetwork({
      ...shared,
      nft: new NftCommand(exec),
      confDir: this.#file(name, 'net.d'),
      dataDir: this.#file(name, 'data'),
      insideRanges: [clusterRanges, nodeRanges, serviceRanges].flatMap(ranges => this.#all(ranges)),
    })
    await this.start(network)
    await this.start(new NodeRoutes(shared))
  }

  /** Whether the informers have all that the API server has of these. */
  async informed(resources: readonly Resource<KubeObject>[]): Promise<boolean> {
    const each = resources.map(async resource => {
      const { items } = await this.client.list(resource)
      return versionsOf(items) === versionsOf(this.informers.of(resource).values())
    })
    return (await Promise.all(each)).every(Boolean)
  }

  /** Stopped when the network is closed. */
  async start(component: Component): Promise<void> {
    await component.start()
    this.#components.push(component)
  }

  /** A namespace with `eth0`, connected as the container runtime would do it. */
  async addPod(node: Machine, name: string, portMappings: readonly object[] = []): Promise<Machine> {
    const path = join(this.directory, name)
    await createNetworkNamespace(hostExec, path)
    const conflist = JSON.parse(await readFile(this.#file(node.name, 'net.d/10-futago.conflist'), 'utf8'))
    let result: CNIResult | undefined
    const environment = Object.entries({
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: name,
      CNI_NETNS: path,
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/usr/lib/cni',
      PATH: process.env['PATH'],
    }).map(([key, value]) => `${key}=${value}`)
    for (const plugin of conflist.plugins) {
      const { cniVersion, name: network } = conflist
      const input = JSON.stringify({
        cniVersion,
        name: network,
        ...plugin,
        ...(result ? { prevResult: result } : {}),
        ...(plugin.capabilities?.portMappings ? { runtimeConfig: { portMappings } } : {}),
      })
      const command = [...environment, `/usr/lib/cni/${plugin.type}`]
      result = JSON.parse((await node.exec.run('env', command, { input })).stdout)
    }
    const addresses = (result?.ips ?? []).map(({ address }) => address.slice(0, address.indexOf('/')))
    const pod = new Machine(name, path, addresses)
    this.machines.push(pod)
    return pod
  }

  #file(node: string, path: string): string {
    return join(this.directory, `${node}-files`, path)
  }

  #all(byFamily: Addresses): string[] {
    return this.families.map(family => byFamily[family])
  }

  /** Everything is gone, however far it had come. */
  async close(): Promise<void> {
    await stopAll(this.#components)
    await this.informers.stop()
    await this.#closeServer()
    for (const machine of this.machines.reverse()) await machine.close()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
