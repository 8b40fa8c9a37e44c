// Whether two API values say the same. The order of fields does not matter; what counts as nothing, which a
// field may as well lack, is up to who asks.

/** A comparison in which all values that are nothing are the same as each other and as an absent field. */
export function comparison(isNothing: (value: unknown) => boolean): (a: unknown, b: unknown) => boolean {
  const same = (a: unknown, b: unknown): boolean => {
    if (a === b || (isNothing(a) && isNothing(b))) return true
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
    if (Array.isArray(a) || Array.isArray(b)) {
      return (
        Array.isArray(a) &&
        Array.isArray(b) &&
        a.length === b.length &&
        a.every((item, index) => same(item, b[index]))
      )
    }
    const left = a as Record<string, unknown>
    const right = b as Record<string, unknown>
    for (const key in left) if (!same(left[key], right[key])) return false
    for (const key in right) if (!(key in left) && !isNothing(right[key])) return false
    return true
  }
  return same
}
