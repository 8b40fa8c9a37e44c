// The network that joins a cluster's nodes: a bridge in a network namespace of its own, where no rule of the
// host (Docker drops what it forwards) sees what nodes say to each other, and a cable from it to the host,
// which has the first address of each node range. The host routes to the nodes, and translates addresses
// for what nodes and Pods say to the outside.
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Exec, ExecError, inNetworkNamespace } from '../../host/exec.ts'
import { addressCommand, listLinks, removeLink, runIPCommands } from '../../host/link.ts'
import { createNetworkNamespace, removeNetworkNamespace } from '../../host/netns.ts'
import { listRoutes, replaceRoutes, routeCommand } from '../../host/route.ts'
import { type Sysctls, writeSysctls } from '../../host/sysctl.ts'
import { nthAddress, parseCIDR } from '../../ip/cidr.ts'
import type { IPFamily } from '../../ip/family.ts'
import type { ClusterConfig } from '../config.ts'
import type { HostNames } from './hostnames.ts'

/** The node's end of its cable: in the namespace of the process `pid`; `address` is the node's first. */
export interface Uplink {
  readonly pid: number
  readonly address: string
}

type UnderlayConfig = Pick<ClusterConfig, 'nodeIPRange' | 'clusterCIDR' | 'loadBalancerIPRange'>

const bridge = 'br0'
const bridgeEndOfHost = 'host0'

/** nftables' word for a family. */
const nftFamily: Readonly<Record<IPFamily, string>> = { IPv4: 'ip', IPv6: 'ip6' }

/** The host's own addresses in the nodes' network, in the families' order. */
export const hostAddressesOf = (config: Pick<ClusterConfig, 'nodeIPRange'>): string[] =>
  config.nodeIPRange.map(range => nthAddress(range, 1n))

/** `172.20.0.4` of `172.20.0.0/16` -> `172.20.0.4/16`. */
export const withPrefix = (address: string, range: string): string =>
  `${address}/${parseCIDR(range)!.prefixLength}`

const usualMTU = 1500

/** The largest packets that leave this host: larger ones of a node would only be refused there. */
export async function outsideMTU(exec: Exec): Promise<number> {
  const ways = (await listRoutes(exec)).filter(({ destination }) => destination === 'default')
  const links = await listLinks(exec)
  const found = links.filter(({ name }) => ways.some(({ link }) => link === name)).map(({ mtu }) => mtu)
  return Math.min(usualMTU, ...found)
}

/** One end of the cable in the host's namespace. */
export function planCable({ link, underlay }: HostNames, mtu: number): string[] {
  const otherEnd = `${bridgeEndOfHost} mtu ${mtu} netns ${underlay}`
  return [`link add name ${link} mtu ${mtu} type veth peer name ${otherEnd}`]
}

/**
 * Whoever looks for duplicates of a link-local address forwards no IPv6 for a second or two; here all
 * addresses are given out by one hand.
 */
const withoutDuplicateDetection = (link: string): Sysctls => ({ [`net.ipv6.conf.${link}.accept_dad`]: '0' })

/** What else the host's namespace gets: addresses, the load balancers' range. */
export function planHostSide(config: UnderlayConfig, names: HostNames): string[] {
  return [
    ...config.nodeIPRange.map(range => addressCommand(names.link, withPrefix(nthAddress(range, 1n), range))),
    `link set ${names.link} up`,
    ...config.loadBalancerIPRange.map(range => routeCommand({ destination: range, link: names.link })),
  ]
}

/** What the bridge's namespace gets. */
export const planBridge = (): string[] => [
  `link add name ${bridge} type bridge mcast_snooping 0`,
  `link set ${bridge} up`,
  `link set ${bridgeEndOfHost} master ${bridge} up`,
]

/**
 * Of the link that has this address, `02:1f:8a:...`: a node that starts anew keeps the one it had. Neighbours
 * would go on sending to another one for half a minute, IPv6 ones most of all.
 */
export function hardwareAddressOf(address: string): string {
  const bytes = createHash('sha256').update(address).digest().subarray(0, 5)
  return ['02', ...[...bytes].map(byte => byte.toString(16).padStart(2, '0'))].join(':')
}

/** What the bridge's namespace gets for one node, whose first process is `pid`. */
export function planPort(port: string, { pid, address, mtu }: Uplink & { readonly mtu: number }): string[] {
  const otherEnd = `eth0 address ${hardwareAddressOf(address)} mtu ${mtu} netns ${pid}`
  return [
    `link add name ${port} mtu ${mtu} type veth peer name ${otherEnd}`,
    `link set ${port} master ${bridge} up`,
  ]
}

/**
 * Each family's nodes and Pods get the host's address when they speak to anything beyond it, but for Pods of
 * nodes that have joined.
 */
export function formatMasquerade(config: UnderlayConfig, names: HostNames): string {
  const rules = config.nodeIPRange.map((range, index) => {
    const family = nftFamily[parseCIDR(range)!.family]
    const sources = [range, config.clusterCIDR[index]].join(', ')
    const outside = `${family} daddr != ${config.clusterCIDR[index]} oifname != "${names.link}"`
    return `    ${family} saddr { ${sources} } ${outside} masquerade`
  })
  return `table inet ${names.table}
delete table inet ${names.table}
table inet ${names.table} {
  chain postrouting {
    type nat hook postrouting priority srcnat;
${rules.join('\n')}
  }
}
`
}

export class Underlay {
  readonly #exec: Exec
  readonly #names: HostNames
  #mtu = usualMTU

  constructor(exec: Exec, names: HostNames) {
    this.#exec = exec
    this.#names = names
  }

  async create(config: UnderlayConfig): Promise<void> {
    const names = this.#names
    mkdirSync(names.runDirectory, { recursive: true, mode: 0o700 })
    await createNetworkNamespace(this.#exec, names.underlay)
    const inside = inNetworkNamespace(this.#exec, names.underlay)
    await writeSysctls(inside, withoutDuplicateDetection('default'))
    this.#mtu = await outsideMTU(this.#exec)
    await runIPCommands(this.#exec, planCable(names, this.#mtu))
    await writeSysctls(this.#exec, withoutDuplicateDetection(names.link))
    await runIPCommands(this.#exec, planHostSide(config, names))
    await runIPCommands(inside, planBridge())
    // A file: nft does not read the socket that is a child's stdin here.
    const file = join(names.runDirectory, 'masquerade.nft')
    writeFileSync(file, formatMasquerade(config, names), { mode: 0o600 })
    await this.#exec.run('nft', ['-f', file])
  }

  /** Lays a cable from the bridge to the node, where its end is called `eth0`. */
  async connect(port: string, uplink: Uplink): Promise<void> {
    const exec = inNetworkNamespace(this.#exec, this.#names.underlay)
    await removeLink(exec, port)
    await runIPCommands(exec, planPort(port, { ...uplink, mtu: this.#mtu }))
  }

  /** ClusterIPs are known to nodes only: what the host sends to them goes to this one. */
  async routeServices(ranges: readonly string[], nodeAddresses: readonly string[]): Promise<void> {
    const routes = ranges.map((destination, index) => ({ destination, via: nodeAddresses[index]! }))
    await replaceRoutes(this.#exec, routes)
  }

  /** Removes all of it, however little of it there is. */
  async remove(): Promise<void> {
    const names = this.#names
    try {
      await this.#exec.run('nft', ['delete', 'table', 'inet', names.table])
    } catch (error) {
      if (!(error instanceof ExecError) || !/No such file/.test(error.stderr)) throw error
    }
    await removeLink(this.#exec, names.link)
    await removeNetworkNamespace(this.#exec, names.underlay)
    rmSync(join(names.runDirectory, 'masquerade.nft'), { force: true })
  }
}
