// Which numbers of a range are taken: a lazily grown tree with 32 children per node and a bit for each full
// child. To take, free or find the next free number costs one step per five bits of the range's size,
// however full it is.

interface Node {
  /** Leaf: the numbers taken. Above: the children that have nothing free. */
  full: number
  /** Absent in leaves. */
  children: Map<number, Node> | undefined
  /** How many children exist (above) or numbers are taken (leaf): an empty node is dropped. */
  used: number
}

const allFull = 0xffffffff

/** The lowest clear bit of `mask` that is not below `from`, or 32. */
function clearBitFrom(mask: number, from: number): number {
  if (from > 31) return 32
  const free = (~mask >>> from) << from
  return free === 0 ? 32 : 31 - Math.clz32(free & -free)
}

export class TakenNumbers {
  readonly #depth: number
  #root: Node
  #count = 0

  /** For numbers of at most `bits` bits. */
  constructor(bits: number) {
    this.#depth = Math.max(1, Math.ceil(bits / 5))
    this.#root = newNode(this.#depth)
  }

  /** How many are taken. */
  get count(): number {
    return this.#count
  }

  has(number: bigint): boolean {
    const digits = this.#digits(number)
    let node: Node | undefined = this.#root
    for (let level = 0; level < this.#depth - 1 && node; level++) node = node.children?.get(digits[level]!)
    return node !== undefined && (node.full & (1 << digits[this.#depth - 1]!)) !== 0
  }

  /** False when it was taken already. */
  take(number: bigint): boolean {
    const digits = this.#digits(number)
    const path = [this.#root]
    for (let level = 0; level < this.#depth - 1; level++)
      path.push(childOf(path[level]!, digits[level]!, this.#depth - level - 1))
    const leaf = path[this.#depth - 1]!
    const bit = 1 << digits[this.#depth - 1]!
    if ((leaf.full & bit) !== 0) return false
    leaf.full |= bit
    leaf.used++
    this.#count++
    for (let level = this.#depth - 1; level > 0 && path[level]!.full >>> 0 === allFull; level--) {
      path[level - 1]!.full |= 1 << digits[level - 1]!
    }
    return true
  }

  /** False when it was not taken. */
  free(number: bigint): boolean {
    if (!this.has(number)) return false
    const digits = this.#digits(number)
    const path = [this.#root]
    for (let level = 0; level < this.#depth - 1; level++)
      path.push(path[level]!.children!.get(digits[level]!)!)
    this.#count--
    path[this.#depth - 1]!.used--
    for (let level = this.#depth - 1; level >= 0; level--) {
      const node = path[level]!
      node.full &= ~(1 << digits[level]!)
      if (level === 0 || node.used > 0) continue
      path[level - 1]!.children!.delete(digits[level - 1]!)
      path[level - 1]!.used--
    }
    return true
  }

  /** The lowest number that is free and not below `from`; undefined when there is none. */
  nextFree(from: bigint): bigint | undefined {
    if (from >> BigInt(5 * this.#depth) !== 0n) return undefined
    return this.#search(this.#root, 0, this.#digits(from))
  }

  /** `bounds` says how low we may go; undefined once the path has left it upwards. */
  #search(node: Node, level: number, bounds: readonly number[] | undefined, prefix = 0n): bigint | undefined {
    const lowest = bounds?.[level] ?? 0
    let digit = clearBitFrom(node.full, lowest)
    while (digit < 32) {
      const value = (prefix << 5n) | BigInt(digit)
      if (level === this.#depth - 1) return value
      const child = node.children?.get(digit)
      const inside = digit === lowest ? bounds : undefined
      const found = child
        ? this.#search(child, level + 1, inside, value)
        : this.#untouched(level + 1, inside, value)
      if (found !== undefined) return found
      digit = clearBitFrom(node.full, digit + 1)
    }
    return undefined
  }

  /** Below a child that does not exist everything is free. */
  #untouched(level: number, bounds: readonly number[] | undefined, prefix: bigint): bigint {
    for (let next = level; next < this.#depth; next++) prefix = (prefix << 5n) | BigInt(bounds?.[next] ?? 0)
    return prefix
  }

  #digits(number: bigint): number[] {
    const digits = new Array<number>(this.#depth)
    if (this.#depth <= 6) {
      let rest = Number(number)
      for (let level = this.#depth - 1; level >= 0; level--, rest >>>= 5) digits[level] = rest & 31
      return digits
    }
    const text = number.toString(32)
    const offset = this.#depth - text.length
    for (let level = 0; level < this.#depth; level++) {
      const code = level < offset ? 48 : text.charCodeAt(level - offset)
      digits[level] = code < 58 ? code - 48 : code - 87
    }
    return digits
  }
}

const newNode = (height: number): Node => ({
  full: 0,
  children: height > 1 ? new Map() : undefined,
  used: 0,
})

function childOf(node: Node, digit: number, height: number): Node {
  const existing = node.children!.get(digit)
  if (existing) return existing
  const child = newNode(height)
  node.children!.set(digit, child)
  node.used++
  return child
}
