// What a table holds, as values, and how each is written for `nft -f` (nft(8)). Rules and keys stay text:
// they are nft's own language, and what is read in a program is what runs.

export interface Table {
  readonly family: 'inet' | 'ip' | 'ip6' | 'bridge'
  readonly name: string
}

/** Makes a chain a base chain, which the kernel calls for packets. */
export interface Hook {
  readonly type: 'filter' | 'nat' | 'route'
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting'
  readonly priority: number
}

export interface Chain {
  readonly name: string
  readonly hook?: Hook
  readonly rules: readonly string[]
}

interface Collection {
  readonly name: string
  /** `type ipv4_addr . inet_service`, or `typeof ip daddr . th dport`; with a map's value after a colon. */
  readonly key: string
  readonly flags?: readonly ('interval' | 'dynamic' | 'timeout')[]
  /** The most elements it may hold; absent: without a limit. */
  readonly size?: number
}

export interface NftSet extends Collection {
  readonly kind: 'set'
}

export interface NftMap extends Collection {
  readonly kind: 'map'
}

export interface Element {
  readonly key: string
  /** Of a map's element. */
  readonly value?: string | undefined
}

export const formatTable = ({ family, name }: Table): string => `${family} ${name}`

export const formatHook = ({ type, hook, priority }: Hook): string =>
  `{ type ${type} hook ${hook} priority ${priority}; policy accept; }`

export function formatCollection({ key, flags = [], size }: NftSet | NftMap): string {
  const parts = [key]
  if (flags.length > 0) parts.push(`flags ${flags.join(',')}`)
  if (size !== undefined) parts.push(`size ${size}`)
  return `{ ${parts.map(part => `${part};`).join(' ')} }`
}

export const formatElement = ({ key, value }: Element): string =>
  value === undefined ? key : `${key} : ${value}`
