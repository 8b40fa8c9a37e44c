// What the rules of NetworkPolicies are made of, as values: named sets, maps and chains of one table. The
// base chains never change: first what the sender may, then what the receiver may, and each ends with its
// own "accept", so that both must agree.
import { createHash } from 'node:crypto'
import type { IPFamily } from '../../ip/family.ts'
import type { Chain, NftMap, NftSet, Table } from '../nftables/objects.ts'
import { familySyntax } from '../nftables/syntax.ts'

export const policyTable: Table = { family: 'inet', name: 'futago-policy' }

export type Direction = 'ingress' | 'egress'
export const directions: readonly Direction[] = ['egress', 'ingress']

export interface FilledCollection {
  readonly collection: NftSet | NftMap
  /** Key -> value of a map's element, '' for a set's. */
  readonly elements: ReadonlyMap<string, string>
}

/** Everything that is to be in the table, by name. */
export interface PolicyState {
  readonly collections: ReadonlyMap<string, FilledCollection>
  readonly chains: ReadonlyMap<string, Chain>
}

/** Twelve digits that are the same for what is the same. */
export const shortHash = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12)

export const families = Object.keys(familySyntax) as IPFamily[]

export const podsMap = (direction: Direction, family: IPFamily) => `${direction}-pods-${family}`
const selfSet = (family: IPFamily) => `self-${family}`

const collectionFor = (
  kind: 'set' | 'map',
  name: string,
  key: string,
  flags?: readonly 'interval'[],
): NftSet | NftMap => ({ kind, name, key, ...(flags ? { flags } : {}) })

/** A set of addresses: single ones, or with `ranges` CIDRs that do not overlap. */
export const addressSet = (name: string, family: IPFamily, ranges?: 'ranges') =>
  collectionFor('set', name, `type ${familySyntax[family].addressType}`, ranges && ['interval'])

/** A set of addresses with the number of a port. */
export const addressPortSet = (name: string, family: IPFamily) =>
  collectionFor('set', name, `type ${familySyntax[family].addressType} . inet_service`)

/** Neighbours of one bridge ask for each other through the same hooks: that is no traffic of theirs. */
const neighbourDiscovery =
  'icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, nd-router-solicit, ' +
  'nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect, mld2-listener-report } accept'

const priorities: Readonly<Record<Direction, number>> = { egress: 10, ingress: 11 }
const ends: Readonly<Record<Direction, string>> = { egress: 'saddr', ingress: 'daddr' }

/** What a Pod and its node exchange passes other hooks, and so is always allowed. */
export function baseChain(direction: Direction): Chain {
  const header = (family: IPFamily) => familySyntax[family].header
  return {
    name: direction,
    hook: { type: 'filter', hook: 'forward', priority: priorities[direction] },
    rules: [
      'ct state established,related accept',
      neighbourDiscovery,
      ...families.map(f => `${header(f)} saddr . ${header(f)} daddr @${selfSet(f)} accept`),
      ...families.map(f => `${header(f)} ${ends[direction]} vmap @${podsMap(direction, f)}`),
    ],
  }
}

/** The collections that the base chains look into; `isolated` are addresses of Pods that policies choose. */
export function baseCollections(
  family: IPFamily,
  filled: {
    readonly isolated: ReadonlySet<string>
    readonly verdicts: Readonly<Record<Direction, ReadonlyMap<string, string>>>
  },
): FilledCollection[] {
  const { addressType } = familySyntax[family]
  return [
    {
      collection: collectionFor('set', selfSet(family), `type ${addressType} . ${addressType}`),
      elements: new Map([...filled.isolated].map(address => [`${address} . ${address}`, ''])),
    },
    ...directions.map(direction => ({
      collection: collectionFor('map', podsMap(direction, family), `type ${addressType} : verdict`),
      elements: filled.verdicts[direction],
    })),
  ]
}
