// A number for each endpoint of a port by which session affinity remembers it: the same on every node,
// after every restart and whatever the other endpoints are. 32 bits, since a connection's mark carries it.

interface Numbered {
  readonly address: string
  readonly port: number
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return value >>> 0
}

/** Never 0, which says "none"; of two that would be the same the later one moves on. */
export function numberEndpoints(endpoints: readonly Numbered[]): number[] {
  const taken = new Set([0])
  return endpoints.map(({ address, port }) => {
    let number = hash(`${address} ${port}`)
    while (taken.has(number)) number = (number + 1) >>> 0
    taken.add(number)
    return number
  })
}
