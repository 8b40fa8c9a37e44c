// Ranges that are this cluster's alone on this host: simulated nodes may all have the same addresses, real
// ones meet in the host's routing table. What the user did not set moves on to the next free range.
import { type CIDR, cidrCovers, cidrSize, cidrsOverlap, formatCIDR, parseCIDR } from '../../ip/cidr.ts'
import {
  type ClusterConfig,
  type ClusterOptions,
  ConfigError,
  loadConfig,
  type RangeName,
  rangeFlags,
  rangeNames,
} from '../config.ts'

export interface TakenRange {
  /** `172.17.0.0/16`, or an address. */
  readonly range: string
  /** `a route of this host`, `cluster other`. */
  readonly by: string
  /** Another cluster's: even a range that the user set may not overlap it. */
  readonly isClusters?: boolean
}

export type ClusterRanges = Readonly<Record<RangeName, readonly string[]>>

export interface FreeRangesOptions {
  readonly taken: readonly TakenRange[]
  /** Of the cluster's last start: objects in its store have addresses in them. */
  readonly saved?: ClusterRanges | undefined
}

export interface FreeRanges {
  readonly config: ClusterConfig
  /** What was changed and why, a sentence each. */
  readonly notices: readonly string[]
}

export const rangesOf = (config: ClusterConfig): ClusterRanges => ({
  clusterCIDR: config.clusterCIDR,
  serviceClusterIPRange: config.serviceClusterIPRange,
  loadBalancerIPRange: config.loadBalancerIPRange,
  nodeIPRange: config.nodeIPRange,
})

/** Where ranges may be: private addresses (RFC 1918, RFC 6598) and unique local ones (RFC 4193). */
const privateBlocks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fd00::/8'].map(
  text => parseCIDR(text)!,
)

/** Enough for every IPv4 block, and for more clusters than a host can carry. */
const mostOfABlock = 256

/** This range, those that follow it in its block, then those of the other private blocks. */
function* candidates(first: CIDR): Generator<CIDR> {
  const size = cidrSize(first)
  for (let index = 0n; index < mostOfABlock; index++) {
    const range = { ...first, base: first.base + size * index }
    if (index === 0n || privateBlocks.some(block => cidrCovers(block, range))) yield range
  }
  for (const block of privateBlocks.filter(({ family }) => family === first.family)) {
    for (let index = 0n; index < mostOfABlock && size * (index + 1n) <= cidrSize(block); index++) {
      yield { ...first, base: block.base + size * index }
    }
  }
}

interface Taken extends Omit<TakenRange, 'range'> {
  readonly range: CIDR
}

const parseTaken = (taken: readonly TakenRange[]): Taken[] =>
  taken.flatMap(({ range, ...rest }) => {
    const parsed = parseCIDR(range) ?? parseCIDR(`${range}/32`) ?? parseCIDR(`${range}/128`)
    return parsed ? [{ range: parsed, ...rest }] : []
  })

class Chooser {
  readonly #taken: Taken[]
  readonly notices: string[] = []

  constructor(taken: readonly TakenRange[]) {
    this.#taken = parseTaken(taken)
  }

  #owner(range: CIDR, fixed: boolean): Taken | undefined {
    return this.#taken.find(other => (!fixed || other.isClusters) && cidrsOverlap(other.range, range))
  }

  /** A range that may not be another one. */
  keep(name: RangeName, text: string): string {
    const range = parseCIDR(text)!
    const owner = this.#owner(range, true)
    if (owner) {
      throw new ConfigError(
        `Cannot use ${rangeFlags[name]} ${text}: it overlaps ${formatCIDR(owner.range)} of ${owner.by}, ` +
          'expected another range, or that cluster stopped',
      )
    }
    this.#taken.push({ range, by: rangeFlags[name] })
    return text
  }

  /** This range or the next free one of its size. */
  choose(name: RangeName, text: string): string {
    const first = parseCIDR(text)!
    const owner = this.#owner(first, false)
    for (const range of candidates(first)) {
      if (this.#owner(range, false)) continue
      this.#taken.push({ range, by: rangeFlags[name] })
      const chosen = formatCIDR(range)
      if (owner) this.notices.push(`${rangeFlags[name]} is ${chosen}: ${text} is taken by ${owner.by}`)
      return chosen
    }
    throw new ConfigError(
      `Cannot find a range for ${rangeFlags[name]} beside ${text}: all are taken, expected one to be given`,
    )
  }
}

/** Checks the ranges that are set and fills in the others. Throws ConfigError. */
export function findFreeRanges(options: ClusterOptions, { taken, saved }: FreeRangesOptions): FreeRanges {
  const config = loadConfig(options)
  const chooser = new Chooser(taken)
  const savedOf = (name: RangeName) =>
    saved?.[name].length === config.ipFamilies.length ? saved[name] : undefined
  const isFixed = (name: RangeName) => Boolean(options[name] ?? savedOf(name))
  const chosen: Partial<Record<RangeName, string[]>> = {}
  // Those that cannot move come first, so that the others make room for them.
  for (const name of rangeNames.filter(isFixed)) {
    const texts = options[name] ? config[name] : (savedOf(name) ?? [])
    chosen[name] = texts.map(text => chooser.keep(name, text))
  }
  for (const name of rangeNames.filter(name => !isFixed(name))) {
    chosen[name] = config[name].map(text => chooser.choose(name, text))
  }
  return { config: loadConfig({ ...options, ...chosen }), notices: chooser.notices }
}
