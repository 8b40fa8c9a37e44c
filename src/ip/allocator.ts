// One allocator for everything that hands out parts of a range: ClusterIPs, Pod CIDRs, Pod IPs, load
// balancer addresses. It goes round the range, so that what was released rests before it is used again, and
// its cost depends neither on the range's size nor on how full it is. Bands follow KEP-3070: what is asked
// for by name is best chosen from the lower, static band, because the others come from the upper one as
// long as that has any.

import { type Address, formatAddress, parseAddress } from './address.ts'
import {
  addressAt,
  type CIDR,
  cidrContains,
  cidrSize,
  formatCIDR,
  parseCIDR,
  splitCIDR,
  splitCount,
} from './cidr.ts'
import { TakenNumbers } from './freelist.ts'

export type AllocateOutcome = 'allocated' | 'taken' | 'outOfRange'

export interface RangeOptions {
  /** The numbers it gives out: `first` and `last` are the lowest and the highest one. */
  readonly first: bigint
  readonly last: bigint
  /** Numbers below this one are given out by name, or when all others are taken. Default: `first`. */
  readonly dynamicFrom?: bigint
}

/** Hands out numbers. */
export class RangeAllocator {
  readonly first: bigint
  readonly last: bigint
  readonly #dynamicFrom: bigint
  readonly #taken: TakenNumbers
  #cursor: bigint

  constructor(options: RangeOptions) {
    this.first = options.first
    this.last = options.last
    const dynamicFrom = options.dynamicFrom ?? options.first
    this.#dynamicFrom = dynamicFrom > options.last ? options.first : dynamicFrom
    this.#cursor = this.#dynamicFrom
    this.#taken = new TakenNumbers(Math.max(1, options.last.toString(2).length))
  }

  /** How many are given out. */
  get used(): number {
    return this.#taken.count
  }

  /** How many are left. */
  get free(): bigint {
    const size = this.last < this.first ? 0n : this.last - this.first + 1n
    return size - BigInt(this.#taken.count)
  }

  has(number: bigint): boolean {
    return number >= this.first && number <= this.last && this.#taken.has(number)
  }

  /** The next free number of the upper band, then of the lower one; undefined when there is none. */
  allocateNext(): bigint | undefined {
    const number = this.peekNext()
    if (number === undefined) return undefined
    this.#taken.take(number)
    if (number >= this.#dynamicFrom) this.#cursor = number === this.last ? this.#dynamicFrom : number + 1n
    return number
  }

  /** What allocateNext would give, without taking it. */
  peekNext(): bigint | undefined {
    return (
      this.#freeWithin(this.#cursor, this.last) ??
      this.#freeWithin(this.#dynamicFrom, this.#cursor - 1n) ??
      this.#freeWithin(this.first, this.#dynamicFrom - 1n)
    )
  }

  /**
   * Goes on from elsewhere in the upper band; `fraction` of it, from 0 up to but not 1, says where. For when
   * somebody else gives out the same numbers from the same place.
   */
  moveOn(fraction: number): void {
    const size = this.last - this.#dynamicFrom + 1n
    if (size > 0n)
      this.#cursor = this.#dynamicFrom + (size * BigInt(Math.floor(fraction * 2 ** 32))) / 2n ** 32n
  }

  allocate(number: bigint): AllocateOutcome {
    if (number < this.first || number > this.last) return 'outOfRange'
    return this.#taken.take(number) ? 'allocated' : 'taken'
  }

  /** False when it was not given out. */
  release(number: bigint): boolean {
    return this.has(number) && this.#taken.free(number)
  }

  #freeWithin(from: bigint, to: bigint): bigint | undefined {
    if (to < from) return undefined
    const number = this.#taken.nextFree(from)
    return number === undefined || number > to ? undefined : number
  }
}

export interface AddressAllocatorOptions {
  /** How many addresses at the beginning are never given out. Default 1, the network's own. */
  readonly reserveFirst?: number
  /** How many at the end. Default: 1 for IPv4, the broadcast address, and 0 for IPv6. */
  readonly reserveLast?: number
  /** Split into bands as KEP-3070 has it for Services. Default: false. */
  readonly staticBand?: boolean
}

const reservedLast = { IPv4: 1, IPv6: 0 } as const

/**
 * How many addresses the static band has: a sixteenth of the range, at least 16, at most 256; none in tiny
 * ranges.
 */
export function staticBandSize(size: bigint): bigint {
  if (size <= 16n) return 0n
  const sixteenth = size / 16n
  return sixteenth < 16n ? 16n : sixteenth > 256n ? 256n : sixteenth
}

/** Hands out the addresses of one CIDR, as canonical text. */
export class AddressAllocator {
  readonly cidr: CIDR
  readonly #range: RangeAllocator

  /** Throws when `cidr` is not strictly valid. */
  constructor(cidr: string | CIDR, options: AddressAllocatorOptions = {}) {
    this.cidr = typeof cidr === 'string' ? requireCIDR(cidr) : cidr
    const size = cidrSize(this.cidr)
    const first = BigInt(options.reserveFirst ?? 1)
    const last = size - 1n - BigInt(options.reserveLast ?? reservedLast[this.cidr.family])
    this.#range = new RangeAllocator({
      first,
      last,
      dynamicFrom: options.staticBand ? first + staticBandSize(size) : first,
    })
  }

  get used(): number {
    return this.#range.used
  }

  get free(): bigint {
    return this.#range.free
  }

  /** Undefined when the range is full. */
  allocateNext(): string | undefined {
    return this.#text(this.#range.allocateNext())
  }

  /** What allocateNext would give, without taking it. */
  peekNext(): string | undefined {
    return this.#text(this.#range.peekNext())
  }

  /** Goes on from elsewhere: see RangeAllocator. */
  moveOn(fraction: number): void {
    this.#range.moveOn(fraction)
  }

  allocate(address: string | Address): AllocateOutcome {
    const offset = this.#offset(address)
    return offset === undefined ? 'outOfRange' : this.#range.allocate(offset)
  }

  /** False when it was not given out. */
  release(address: string | Address): boolean {
    const offset = this.#offset(address)
    return offset !== undefined && this.#range.release(offset)
  }

  has(address: string | Address): boolean {
    const offset = this.#offset(address)
    return offset !== undefined && this.#range.has(offset)
  }

  /** Could it be given out, free or not? */
  covers(address: string | Address): boolean {
    const offset = this.#offset(address)
    return offset !== undefined && offset >= this.#range.first && offset <= this.#range.last
  }

  #text(offset: bigint | undefined): string | undefined {
    return offset === undefined ? undefined : formatAddress(addressAt(this.cidr, offset))
  }

  #offset(given: string | Address): bigint | undefined {
    const address = typeof given === 'string' ? parseAddress(given) : given
    return address && cidrContains(this.cidr, address) ? address.value - this.cidr.base : undefined
  }
}

/**
 * Hands out the ranges of one prefix length that a CIDR divides into, as canonical text: a node's Pod
 * CIDRs.
 */
export class CIDRAllocator {
  readonly cidr: CIDR
  readonly prefixLength: number
  readonly #range: RangeAllocator

  /** Throws when `cidr` is not strictly valid or has no parts of that length. */
  constructor(cidr: string | CIDR, prefixLength: number) {
    this.cidr = typeof cidr === 'string' ? requireCIDR(cidr) : cidr
    this.prefixLength = prefixLength
    splitCIDR(this.cidr, prefixLength, 0n)
    this.#range = new RangeAllocator({ first: 0n, last: splitCount(this.cidr, prefixLength) - 1n })
  }

  get used(): number {
    return this.#range.used
  }

  get free(): bigint {
    return this.#range.free
  }

  /** Undefined when all are given out. */
  allocateNext(): string | undefined {
    const index = this.#range.allocateNext()
    return index === undefined ? undefined : formatCIDR(splitCIDR(this.cidr, this.prefixLength, index))
  }

  allocate(part: string): AllocateOutcome {
    const index = this.#index(part)
    return index === undefined ? 'outOfRange' : this.#range.allocate(index)
  }

  /** False when it was not given out. */
  release(part: string): boolean {
    const index = this.#index(part)
    return index !== undefined && this.#range.release(index)
  }

  has(part: string): boolean {
    const index = this.#index(part)
    return index !== undefined && this.#range.has(index)
  }

  #index(text: string): bigint | undefined {
    const part = parseCIDR(text)
    if (part?.prefixLength !== this.prefixLength) return undefined
    if (!cidrContains(this.cidr, { family: part.family, value: part.base })) return undefined
    return (part.base - this.cidr.base) / cidrSize(part)
  }
}

function requireCIDR(text: string): CIDR {
  const cidr = parseCIDR(text)
  if (!cidr) throw new Error(`Cannot use the range "${text}": it is no CIDR, expected one like 10.0.0.0/16`)
  return cidr
}
