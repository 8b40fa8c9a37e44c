// One rule of a NetworkPolicy as rules of nftables: each peer and each port is looked up in a set, so that
// Pods come and go without a rule being changed.
import type {
  IPBlock,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../api/generated/types.ts'
import { type CIDR, formatCIDR, parseCIDR } from '../../ip/cidr.ts'
import { subtractCIDRs, withoutCovered } from '../../ip/cidrset.ts'
import type { IPFamily } from '../../ip/family.ts'
import { familySyntax } from '../nftables/syntax.ts'
import { addressesIn, namedPortsIn, type PodSelection, type PolicyPod } from './peers.ts'
import {
  addressPortSet,
  addressSet,
  type Direction,
  type FilledCollection,
  families,
  shortHash,
} from './table.ts'

export interface RuleContext {
  readonly namespace: string
  readonly selection: PodSelection
  /** The Pods that the policy is about, of the whole cluster. */
  readonly subjects: readonly PolicyPod[]
  /** By which `subjects` are told from others: the policy's namespace and selector. */
  readonly subjectsKey: unknown
  /** Takes up a set that a rule looks into; the same set may come several times. */
  readonly use: (filled: FilledCollection) => void
}

interface Rule {
  readonly peers: readonly NetworkPolicyPeer[]
  readonly ports: readonly NetworkPolicyPort[]
}

export const ingressRule = ({ from, ports }: NetworkPolicyIngressRule): Rule => ({
  peers: from ?? [],
  ports: ports ?? [],
})
export const egressRule = ({ to, ports }: NetworkPolicyEgressRule): Rule => ({
  peers: to ?? [],
  ports: ports ?? [],
})

const asElements = (keys: readonly string[]) => new Map(keys.map(key => [key, '']))

/** Where the peer's address stands in a packet. */
const peerEnd: Readonly<Record<Direction, string>> = { ingress: 'saddr', egress: 'daddr' }

const rangesOf = ({ cidr, except = [] }: IPBlock, family: IPFamily): CIDR[] => {
  const range = parseCIDR(cidr)
  if (!range || range.family !== family) return []
  return subtractCIDRs(
    range,
    except.flatMap(one => parseCIDR(one) ?? []),
  )
}

/** Ports by number, for all peers: `tcp dport { 80, 8000-9000 }`, `meta l4proto udp`. */
function numberedPorts(ports: readonly NetworkPolicyPort[]): string[] {
  const matches = new Map<string, string[] | 'all'>()
  for (const { port, endPort, protocol = 'TCP' } of ports) {
    if (typeof port === 'string') continue
    const header = protocol.toLowerCase()
    const known = matches.get(header) ?? []
    if (port === undefined || known === 'all') matches.set(header, 'all')
    else matches.set(header, [...known, endPort && endPort > port ? `${port}-${endPort}` : String(port)])
  }
  return [...matches].map(([header, numbers]) =>
    numbers === 'all' ? `meta l4proto ${header}` : `${header} dport { ${withoutRepeats(numbers)} }`,
  )
}

const withoutRepeats = (numbers: readonly string[]) => mergeRanges(numbers).join(', ')

/** Ranges that overlap or touch become one: nft takes no overlaps. */
export function mergeRanges(numbers: readonly string[]): string[] {
  const ranges = numbers
    .map(text => text.split('-').map(Number))
    .map(([first = 0, last = first]) => ({ first, last }))
    .sort((a, b) => a.first - b.first)
  const merged: { first: number; last: number }[] = []
  for (const { first, last } of ranges) {
    const previous = merged.at(-1)
    if (previous && first <= previous.last + 1) previous.last = Math.max(previous.last, last)
    else merged.push({ first, last })
  }
  return merged.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
}

class RuleWriter {
  readonly #context: RuleContext
  readonly #direction: Direction
  readonly #rule: Rule

  constructor(rule: Rule, direction: Direction, context: RuleContext) {
    this.#rule = rule
    this.#direction = direction
    this.#context = context
  }

  write(): string[] {
    const { peers, ports } = this.#rule
    const everyone = peers.length === 0
    const sources = everyone ? [''] : families.flatMap(family => this.#peers(family))
    const anyPort = ports.length === 0 ? [''] : numberedPorts(ports)
    const numbered = sources.flatMap(source =>
      anyPort.map(port => [source, port, 'accept'].filter(Boolean).join(' ')),
    )
    const named = ports.filter(({ port }) => typeof port === 'string')
    return [...numbered, ...named.flatMap(port => families.map(family => this.#named(port, family)))].flat()
  }

  /** `ip saddr @pods-…`, `ip saddr @blocks-…`: those that the family has something for. */
  #peers(family: IPFamily): string[] {
    const { header } = familySyntax[family]
    const end = `${header} ${peerEnd[this.#direction]}`
    return [this.#podSet(family), this.#blockSet(family)].flatMap(set => (set ? [`${end} @${set}`] : []))
  }

  /** The peers that choose Pods, for a set's name. */
  #podPeers(): readonly NetworkPolicyPeer[] {
    return this.#rule.peers.filter(({ ipBlock }) => !ipBlock)
  }

  /** What tells these Pods from others; the namespace matters to peers that name none. */
  #podPeersKey(): unknown {
    const peers = this.#podPeers()
    const isLocal = peers.some(({ namespaceSelector }) => !namespaceSelector)
    return [peers, isLocal ? this.#context.namespace : '']
  }

  #chosenPods(): PolicyPod[] {
    const { selection, namespace } = this.#context
    return this.#podPeers().flatMap(peer => selection.of(peer, namespace))
  }

  #podSet(family: IPFamily): string | undefined {
    if (this.#podPeers().length === 0) return undefined
    const name = `pods-${shortHash(this.#podPeersKey())}-${family}`
    const elements = asElements(addressesIn(this.#chosenPods(), family))
    this.#context.use({ collection: addressSet(name, family), elements })
    return name
  }

  #blockSet(family: IPFamily): string | undefined {
    const blocks = this.#rule.peers.flatMap(({ ipBlock }) => ipBlock ?? [])
    const ranges = withoutCovered(blocks.flatMap(block => rangesOf(block, family))).map(formatCIDR)
    if (ranges.length === 0) return undefined
    const name = `blocks-${shortHash(ranges)}-${family}`
    this.#context.use({ collection: addressSet(name, family, 'ranges'), elements: asElements(ranges) })
    return name
  }

  /** A name means what the receiving Pod calls so: its address is looked up together with the number. */
  #named({ port, protocol = 'TCP' }: NetworkPolicyPort, family: IPFamily): string[] {
    const { header } = familySyntax[family]
    const isIngress = this.#direction === 'ingress'
    const everyone = this.#rule.peers.length === 0
    const [receivers, key] = isIngress
      ? [this.#context.subjects, this.#context.subjectsKey]
      : everyone
        ? [this.#context.selection.all, 'all']
        : [this.#chosenPods(), this.#podPeersKey()]
    const set = `named-${shortHash([key, port, protocol])}-${family}`
    const elements = asElements(namedPortsIn(receivers, family, { name: String(port), protocol }))
    const match = `${header} daddr . ${protocol.toLowerCase()} dport @${set}`
    const peers = isIngress && !everyone ? this.#peers(family) : ['']
    if (peers.length > 0) this.#context.use({ collection: addressPortSet(set, family), elements })
    return peers.map(peer => [peer, match, 'accept'].filter(Boolean).join(' '))
  }
}

/** The nftables rules that accept what the rule allows. */
export const writeRule = (rule: Rule, direction: Direction, context: RuleContext): string[] => [
  ...new Set(new RuleWriter(rule, direction, context).write()),
]
