// What a cluster is made of: the settings, their defaults and their check. Every message is one line that
// says what to write instead. Flags carry upstream's names where they mean the same (kube-apiserver, kube-
// controller-manager).

import type { IPFamilyPolicy } from '../apiserver/admission/admission.ts'
import {
  type CIDR,
  cidrsOverlap,
  formatCIDR,
  networkOf,
  parseCIDR,
  parseInterfaceAddress,
  splitCount,
} from '../ip/cidr.ts'
import { addressBits, familyOrders, type IPFamilies, type IPFamily } from '../ip/family.ts'
import type { EtcdStoreOptions } from '../storage/etcd.ts'
import { type AccessConfig, type AccessOptions, loadAccess } from './access/settings.ts'
import { ConfigError } from './configerror.ts'
import { type EtcdOptions, loadEtcd } from './etcdsettings.ts'

export { ConfigError }

export type CNIName = 'bridge' | 'external'
export type RuntimeName = 'auto' | 'simulated' | 'containerd'

export const authorizationModes = ['Node,RBAC', 'RBAC', 'AlwaysAllow'] as const
export type AuthorizationMode = (typeof authorizationModes)[number]

/** What a caller may set; the rest follows from it. */
export interface ClusterOptions extends AccessOptions, EtcdOptions {
  /**
   * Letters, digits and dashes; names the cluster's directory and kubeconfig context. Default `default`.
   */
  readonly name?: string
  /** How many nodes to start. Default 1. */
  readonly nodes?: number
  /** `auto` takes containerd where this host can run it. Default `simulated`. */
  readonly runtime?: RuntimeName
  /** Primary first. Default: the families of the ranges that are given, else IPv4 and IPv6. */
  readonly ipFamilies?: readonly string[]
  /** One range per family, in the families' order: `['10.244.0.0/16', 'fd00:10:244::/56']`. */
  readonly clusterCIDR?: readonly string[]
  readonly serviceClusterIPRange?: readonly string[]
  readonly loadBalancerIPRange?: readonly string[]
  readonly nodeIPRange?: readonly string[]
  /** Prefix lengths of the range each node gets. Default 24 and 64. */
  readonly nodeCIDRMaskSizeIPv4?: number
  readonly nodeCIDRMaskSizeIPv6?: number
  /** `30000-32767`. */
  readonly serviceNodePortRange?: string
  /** `memory`, `lmdb`, `lmdb:DIR`, `etcd:URL,...`. */
  readonly store?: string
  /**
   * Where the cluster's CA and the key of its ServiceAccounts' tokens are: `ca.crt`, `ca.key`, `sa.key`,
   * which are made when they are missing. All servers of a cluster need the same. Default: in the cluster's
   * own directory.
   */
  readonly certDir?: string
  /**
   * How long the other servers wait for controllers and a scheduler that are silent, before one of them goes
   * on with their work. Default 15,000.
   */
  readonly leaderElectLeaseDurationMs?: number
  /** Absent: all addresses of every family that this host has. */
  readonly bindAddress?: string
  /** For Services that say nothing about families. Default: SingleStack, as on every cluster. */
  readonly defaultIPFamilyPolicy?: IPFamilyPolicy
  /**
   * Who may do what: nodes as far as their Pods need it and all others by RBAC, all by RBAC, or everybody who
   * is known everything. Default `Node,RBAC`.
   */
  readonly authorizationMode?: AuthorizationMode
  /**
   * Makes a token Secret for every ServiceAccount, as Kubernetes did before 1.24, for clients that wait for
   * it. Default false.
   */
  readonly legacyServiceAccountTokens?: boolean
  /** 0 takes a free port. Default 6443. */
  readonly securePort?: number
  /** `bridge` connects Pods of containerd nodes; `external` leaves that to the plugin in /etc/cni/net.d. */
  readonly cni?: CNIName
  /** Archives (`docker save`, OCI) of images that nodes with containers have from the start. */
  readonly images?: readonly string[]
}

export interface ClusterConfig {
  readonly name: string
  readonly nodes: number
  readonly runtime: RuntimeName
  readonly cni: CNIName
  readonly ipFamilies: IPFamilies
  readonly clusterCIDR: readonly string[]
  readonly serviceClusterIPRange: readonly string[]
  readonly loadBalancerIPRange: readonly string[]
  readonly nodeIPRange: readonly string[]
  readonly nodeCIDRMaskSizes: Readonly<Record<IPFamily, number>>
  readonly nodePortRange: { readonly first: number; readonly last: number }
  readonly store: string
  readonly certDir: string | undefined
  readonly leaderElectLeaseDurationMs: number
  readonly bindAddress: string | undefined
  readonly defaultIPFamilyPolicy: IPFamilyPolicy | undefined
  readonly authorizationMode: AuthorizationMode
  readonly legacyServiceAccountTokens: boolean
  readonly securePort: number
  readonly images: readonly string[]
  readonly access: AccessConfig
  readonly etcd: EtcdStoreOptions
}

export type RangeName = 'clusterCIDR' | 'serviceClusterIPRange' | 'loadBalancerIPRange' | 'nodeIPRange'

export const rangeFlags: Readonly<Record<RangeName, string>> = {
  clusterCIDR: '--cluster-cidr',
  serviceClusterIPRange: '--service-cluster-ip-range',
  loadBalancerIPRange: '--load-balancer-ip-range',
  nodeIPRange: '--node-ip-range',
}

const defaultRanges: Readonly<Record<RangeName, Readonly<Record<IPFamily, string>>>> = {
  clusterCIDR: { IPv4: '10.244.0.0/16', IPv6: 'fd00:10:244::/56' },
  serviceClusterIPRange: { IPv4: '10.96.0.0/16', IPv6: 'fd00:10:96::/112' },
  loadBalancerIPRange: { IPv4: '172.21.0.0/16', IPv6: 'fd00:172:21::/112' },
  nodeIPRange: { IPv4: '172.20.0.0/16', IPv6: 'fd00:172:20::/64' },
}

export const rangeNames = Object.keys(rangeFlags) as RangeName[]
const allFamilies: IPFamilies = ['IPv4', 'IPv6']

function parseRange(flag: string, text: string): CIDR {
  const cidr = parseCIDR(text)
  if (cidr) return cidr
  const inside = parseInterfaceAddress(text)
  const expected = inside
    ? formatCIDR(networkOf(inside.address, inside.prefixLength))
    : 'for example 10.96.0.0/16 or fd00:10:96::/112'
  throw new ConfigError(`Cannot use ${flag} ${text}: not the first address of a range, expected ${expected}`)
}

function parseFamilies(texts: readonly string[]): IPFamilies {
  const wanted = texts.join(',').toLowerCase()
  const families = familyOrders.find(order => order.join(',').toLowerCase() === wanted)
  if (families) return families
  const expected = familyOrders.map(order => order.join(',')).join(' or ')
  throw new ConfigError(`Cannot use --ip-families ${texts.join(',')}: expected ${expected}`)
}

type Ranges = Readonly<Record<RangeName, readonly CIDR[]>>

function chooseFamilies(options: ClusterOptions): IPFamilies {
  if (options.ipFamilies) return parseFamilies(options.ipFamilies)
  const first = rangeNames.find(name => options[name])
  return first ? options[first]!.map(text => parseRange(rangeFlags[first], text).family) : allFamilies
}

function parseRanges(options: ClusterOptions, families: IPFamilies): Ranges {
  const parse = (name: RangeName) => {
    const texts = options[name] ?? families.map(family => defaultRanges[name][family])
    const ranges = texts.map(text => parseRange(rangeFlags[name], text))
    const found = ranges.map(range => range.family)
    if (found.join() !== families.join()) {
      const reason = options.ipFamilies ? ' (--ip-families)' : ' as in the other ranges'
      throw new ConfigError(
        `Cannot use ${rangeFlags[name]} ${texts.join(',')}: its families are ${found.join(',') || 'none'}, ` +
          `expected ${families.join(',')} in this order${reason}`,
      )
    }
    return ranges
  }
  return Object.fromEntries(rangeNames.map(name => [name, parse(name)])) as unknown as Ranges
}

function checkOverlaps(ranges: Ranges): void {
  const all = rangeNames.flatMap(name => ranges[name].map(range => ({ name, range })))
  all.forEach((a, index) => {
    const b = all.slice(index + 1).find(other => cidrsOverlap(a.range, other.range))
    if (!b) return
    throw new ConfigError(
      `Cannot use ${rangeFlags[a.name]} ${formatCIDR(a.range)}: it overlaps ${rangeFlags[b.name]} ${formatCIDR(b.range)}, ` +
        'expected ranges that share no address',
    )
  })
}

function checkMasks(ranges: Ranges, sizes: Readonly<Record<IPFamily, number>>): void {
  for (const range of ranges.clusterCIDR) {
    const size = sizes[range.family]
    const widest = range.prefixLength
    const longest = Math.min(addressBits[range.family], widest + 16)
    if (Number.isInteger(size) && size >= widest && size <= longest) continue
    throw new ConfigError(
      `Cannot use --node-cidr-mask-size-${range.family.toLowerCase()} ${size}: ` +
        `expected ${widest} to ${longest} for --cluster-cidr ${formatCIDR(range)}`,
    )
  }
}

/** Every node needs a range of each family for its Pods. */
function checkRoom(ranges: Ranges, sizes: Readonly<Record<IPFamily, number>>, nodes: number): void {
  for (const range of ranges.clusterCIDR) {
    const room = splitCount(range, sizes[range.family])
    if (BigInt(nodes) <= room) continue
    throw new ConfigError(
      `Cannot use --nodes ${nodes}: --cluster-cidr ${formatCIDR(range)} has room for ${room} nodes with a ` +
        `/${sizes[range.family]} each, expected a wider range, or a larger --node-cidr-mask-size-${range.family.toLowerCase()}`,
    )
  }
}

function parsePortRange(text: string): { first: number; last: number } {
  const match = /^(\d+)-(\d+)$/.exec(text)
  const [first, last] = [Number(match?.[1]), Number(match?.[2])]
  if (!match || first < 1 || last > 65535 || first > last) {
    throw new ConfigError(
      `Cannot use --service-node-port-range ${text}: expected FIRST-LAST, such as 30000-32767`,
    )
  }
  return { first, last }
}

function checkNumber(flag: string, value: number, [min, max]: readonly [number, number]): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new ConfigError(`Cannot use ${flag} ${value}: expected a whole number from ${min} to ${max}`)
}

function checkIPFamilyPolicy(policy: IPFamilyPolicy | undefined, families: IPFamilies) {
  if (policy === undefined) return undefined
  const flag = '--default-ip-family-policy'
  const known: readonly string[] = ['SingleStack', 'PreferDualStack', 'RequireDualStack']
  if (!known.includes(policy)) {
    throw new ConfigError(`Cannot use ${flag} ${policy}: expected ${known.join(', ')}`)
  }
  if (policy === 'RequireDualStack' && families.length === 1) {
    throw new ConfigError(
      `Cannot use ${flag} RequireDualStack: the cluster has ${families[0]} only, expected PreferDualStack, ` +
        'or two families (--ip-families)',
    )
  }
  return policy
}

function checkAuthorizationMode(mode: AuthorizationMode): AuthorizationMode {
  if (authorizationModes.includes(mode)) return mode
  const expected = authorizationModes.join(' or ')
  throw new ConfigError(`Cannot use --authorization-mode ${mode}: expected ${expected}`)
}

function checkCNI(name: CNIName): CNIName {
  if (name === 'bridge' || name === 'external') return name
  throw new ConfigError(`Cannot use --cni ${name}: expected bridge or external`)
}

function checkName(name: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) return name
  throw new ConfigError(`Cannot use --name ${name}: expected up to 40 small letters, digits and dashes`)
}

/**
 * Fills in defaults and checks everything that can be checked without touching the host. Throws
 * ConfigError.
 *
 * @example
 * loadConfig({ ipFamilies: ['IPv6', 'IPv4'] }).serviceClusterIPRange // ['fd00:10:96::/112',
 * '10.96.0.0/16']
 */
export function loadConfig(options: ClusterOptions = {}): ClusterConfig {
  const ipFamilies = chooseFamilies(options)
  const ranges = parseRanges(options, ipFamilies)
  const nodeCIDRMaskSizes = {
    IPv4: options.nodeCIDRMaskSizeIPv4 ?? 24,
    IPv6: options.nodeCIDRMaskSizeIPv6 ?? 64,
  }
  checkMasks(ranges, nodeCIDRMaskSizes)
  checkOverlaps(ranges)
  const nodes = checkNumber('--nodes', options.nodes ?? 1, [0, 15_000])
  checkRoom(ranges, nodeCIDRMaskSizes, nodes)
  const texts = (name: RangeName) => ranges[name].map(formatCIDR)
  return {
    name: checkName(options.name ?? 'default'),
    nodes,
    runtime: options.runtime ?? 'simulated',
    cni: checkCNI(options.cni ?? 'bridge'),
    ipFamilies,
    clusterCIDR: texts('clusterCIDR'),
    serviceClusterIPRange: texts('serviceClusterIPRange'),
    loadBalancerIPRange: texts('loadBalancerIPRange'),
    nodeIPRange: texts('nodeIPRange'),
    nodeCIDRMaskSizes,
    nodePortRange: parsePortRange(options.serviceNodePortRange ?? '30000-32767'),
    store: options.store ?? 'lmdb',
    certDir: options.certDir,
    leaderElectLeaseDurationMs: checkNumber(
      '--leader-elect-lease-duration',
      options.leaderElectLeaseDurationMs ?? 15_000,
      [1_000, 3_600_000],
    ),
    bindAddress: options.bindAddress,
    images: options.images ?? [],
    defaultIPFamilyPolicy: checkIPFamilyPolicy(options.defaultIPFamilyPolicy, ipFamilies),
    authorizationMode: checkAuthorizationMode(options.authorizationMode ?? 'Node,RBAC'),
    legacyServiceAccountTokens: options.legacyServiceAccountTokens ?? false,
    access: loadAccess(options),
    etcd: loadEtcd(options),
    securePort: checkNumber('--secure-port', options.securePort ?? 6443, [0, 65_535]),
  }
}
