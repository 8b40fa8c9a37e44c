// Node ports that are free. As for addresses (KEP-3668), ports that nobody asks for by number come from the
// upper part of the range as long as there are any.
import { RangeAllocator } from '../../ip/allocator.ts'
import type { Pool } from './claimedkeys.ts'

export interface PortRange {
  readonly first: number
  readonly last: number
}

export const defaultNodePortRange: PortRange = { first: 30_000, last: 32_767 }

export const formatPortRange = ({ first, last }: PortRange): string => `${first}-${last}`

/**
 * How many ports are set aside: a thirty-second of the range, at least 16, at most 128; none in tiny
 * ranges.
 */
export function staticPortCount(size: number): number {
  return size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128)
}

export class PortPool implements Pool {
  readonly range: PortRange
  readonly #allocator: RangeAllocator

  constructor(range: PortRange) {
    this.range = range
    const size = range.last - range.first + 1
    this.#allocator = new RangeAllocator({
      first: BigInt(range.first),
      last: BigInt(range.last),
      dynamicFrom: BigInt(range.first + staticPortCount(size)),
    })
  }

  mark(name: string): void {
    this.#allocator.allocate(BigInt(name))
  }

  unmark(name: string): void {
    this.#allocator.release(BigInt(name))
  }

  allocateNext(): number | undefined {
    const port = this.#allocator.allocateNext()
    return port === undefined ? undefined : Number(port)
  }

  /** Goes on from elsewhere in the range. */
  moveOn(fraction: number): void {
    this.#allocator.moveOn(fraction)
  }

  allocate(port: number): 'allocated' | 'taken' | 'outOfRange' {
    return this.#allocator.allocate(BigInt(port))
  }
}
