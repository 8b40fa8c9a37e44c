// The bridge that joins a node's Pods, made before the first of them: its addresses work at once, and its MTU
// is that of the way out. Settings that forwarding needs in both families are made here too.
import { createHash } from 'node:crypto'
import { type Exec, ExecError } from '../../host/exec.ts'
import { addressCommand, type Link, listLinks, runIPCommands } from '../../host/link.ts'
import { listRoutes } from '../../host/route.ts'
import { forwarding, readSysctls, type Sysctls, writeSysctls } from '../../host/sysctl.ts'
import { formatAddress } from '../../ip/address.ts'
import { addressAt, parseCIDR } from '../../ip/cidr.ts'

export interface BridgeOptions {
  readonly exec: Exec
  readonly name: string
  readonly podCIDRs: readonly string[]
  readonly mtu: number
}

/** IPv6 does not work over links with a smaller one. */
export const smallestMTU = 1280
const defaultMTU = 1500

const bridgeFilter = ['net.bridge.bridge-nf-call-iptables', 'net.bridge.bridge-nf-call-ip6tables']

/** The first address of each range, with its length: what Pods have as their gateways. */
export const gatewayAddresses = (podCIDRs: readonly string[]): string[] =>
  podCIDRs.flatMap(range => {
    const cidr = parseCIDR(range)
    return cidr ? [`${formatAddress(addressAt(cidr, 1n))}/${cidr.prefixLength}`] : []
  })

/**
 * A link address of the bridge's own (locally administered), always the same for a node. Without one the
 * bridge takes the lowest of its ports', which changes as Pods come and go, and Pods that know the old one
 * lose their gateway: over IPv6 for half a minute, as nothing tells them.
 */
export function linkAddressFor(podCIDRs: readonly string[]): string {
  const digest = createHash('sha256').update(podCIDRs.join()).digest('hex')
  return ['02', ...digest.slice(0, 10).match(/../g)!].join(':')
}

export interface Uplink {
  readonly name: string | undefined
  readonly mtu: number
}

/** The link over which the default route leads, or else the one with the given address. */
export async function findUplink(exec: Exec, addresses: readonly string[]): Promise<Uplink> {
  const links = await listLinks(exec)
  const byAddress = links.find(link =>
    link.addresses.some(one => addresses.includes(one.slice(0, one.lastIndexOf('/')))),
  )
  const defaultRoute = (await listRoutes(exec)).find(({ destination }) => destination === 'default')
  const link = byAddress ?? links.find(({ name }) => name === defaultRoute?.link)
  return { name: link?.name, mtu: link?.mtu ?? defaultMTU }
}

/** Packets between Pods of one bridge pass the rules only with the module br_netfilter. */
async function enableBridgeFilter(exec: Exec): Promise<void> {
  const has = async () => Object.keys(await readSysctls(exec, bridgeFilter)).length === bridgeFilter.length
  if (!(await has())) {
    await exec.run('modprobe', ['br_netfilter']).catch(error => {
      if (!(error instanceof ExecError)) throw error
    })
    if (!(await has())) {
      throw new Error(
        'Cannot connect Pods: the kernel lacks br_netfilter, expected: modprobe br_netfilter ' +
          '(without it, Services do not work between Pods of one node)',
      )
    }
  }
  await writeSysctls(exec, Object.fromEntries(bridgeFilter.map(key => [key, '1'])))
}

/**
 * With forwarding on, the kernel takes a default route from router advertisements only when `accept_ra` is
 * 2: a host that lives on them would lose its way out.
 */
async function keepAdvertisedRoutes(exec: Exec, uplink: string | undefined): Promise<void> {
  if (!uplink) return
  const key = `net.ipv6.conf.${uplink.replaceAll('.', '/')}.accept_ra`
  const found = Object.values(await readSysctls(exec, [key]))[0]
  if (found === '1') await writeSysctls(exec, { [key]: '2' })
}

export async function enableForwarding(exec: Exec, uplink: string | undefined): Promise<void> {
  await keepAdvertisedRoutes(exec, uplink)
  const known: Sysctls = await readSysctls(exec, Object.keys(forwarding))
  const missing = Object.entries(forwarding).filter(
    ([key, value]) => known[key] !== undefined && known[key] !== value,
  )
  await writeSysctls(exec, Object.fromEntries(missing))
  await enableBridgeFilter(exec)
}

const isLinkLocal = (address: string) => /^fe[89ab]/.test(address)

/** What to do to the bridge, which was just made when `link` is undefined. */
export function planBridge(
  link: Link | undefined,
  { name, podCIDRs, mtu }: Omit<BridgeOptions, 'exec'>,
): string[] {
  const wanted = gatewayAddresses(podCIDRs)
  const found = link?.addresses.filter(address => !isLinkLocal(address)) ?? []
  return [
    ...(link?.mtu === mtu ? [] : [`link set ${name} mtu ${mtu}`]),
    ...(link?.isUp ? [] : [`link set ${name} up`]),
    ...found
      .filter(address => !wanted.includes(address))
      .map(address => `address delete ${address} dev ${name}`),
    ...wanted.filter(address => !found.includes(address)).map(address => addressCommand(name, address)),
  ]
}

/**
 * Makes the bridge as it must be; may be called again. Detection of duplicate addresses is off before it goes
 * up: until its link-local address has passed that, the kernel asks for no Pod's link address on behalf of
 * others.
 */
export async function ensureBridge({ exec, ...options }: BridgeOptions): Promise<void> {
  const { name } = options
  const link = (await listLinks(exec)).find(one => one.name === name)
  if (!link) {
    await runIPCommands(exec, [
      `link add ${name} address ${linkAddressFor(options.podCIDRs)} type bridge mcast_snooping 0`,
    ])
    const keys = ['accept_dad', 'accept_ra'].map(key => `net.ipv6.conf.${name}.${key}`)
    const known = Object.keys(await readSysctls(exec, keys))
    await writeSysctls(exec, Object.fromEntries(known.map(key => [key, '0'])))
  }
  await runIPCommands(exec, planBridge(link, options))
}
