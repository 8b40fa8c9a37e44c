// What the fuzzers beside the parsers share: how often they run, from which seed, and texts that are almost
// right, which reach deeper than random ones. FUZZ_RUNS=100000 looks longer, and at others than usual (seed.ts); a
// failure prints its seed, FUZZ_SEED=<it> runs the same again.
import fc from 'fast-check'

const { FUZZ_SEED: seed, FUZZ_RUNS: runs } = process.env

/** Modest, so that all fuzzers together take seconds among the unit tests. */
const usualRuns = 300

const settings = (most: number) => ({
  numRuns: runs === undefined ? most : Number(runs),
  ...(seed === undefined ? {} : { seed: Number(seed) }),
})

/** Fails with the seed and the smallest input that was found to break the property. */
export function fuzz<T>(property: fc.IProperty<T>, most = usualRuns): void {
  fc.assert(property, settings(most))
}

export function fuzzAsync<T>(property: fc.IAsyncProperty<T>, most = usualRuns): Promise<void> {
  return fc.assert(property, settings(most))
}

/** Any text: plain, with all of Unicode and broken surrogates, or long. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code)) }),
  fc.tuple(fc.string({ maxLength: 3 }), fc.integer({ min: 0, max: 5000 })).map(([a, n]) => a.repeat(n)),
)

interface Change {
  readonly at: number
  readonly remove: number
  readonly insert: string
}

/** Texts of the given kind, some of them broken in a few places by pieces that mean something there. */
export function almost(valid: fc.Arbitrary<string>, pieces: readonly string[]): fc.Arbitrary<string> {
  const change: fc.Arbitrary<Change> = fc.record({
    at: fc.nat(200),
    remove: fc.nat(3),
    insert: fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 2 })),
  })
  return fc
    .tuple(valid, fc.array(change, { maxLength: 4 }))
    .map(([text, changes]) =>
      changes.reduce(
        (so, { at, remove, insert }) =>
          so.slice(0, at % (so.length + 1)) + insert + so.slice((at % (so.length + 1)) + remove),
        text,
      ),
    )
}

/** Bytes of the given kind, some of them flipped, cut off or followed by others. */
export function almostBytes(valid: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const flips = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 5 })
  const tail = fc.uint8Array({ maxLength: 20 })
  return fc.tuple(valid, flips, fc.option(fc.nat(2000)), tail).map(([bytes, changes, length, rest]) => {
    const copy = Buffer.from(bytes)
    for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value
    return length === null ? copy : Buffer.concat([copy.subarray(0, length % (copy.length + 1)), rest])
  })
}

export const anyBytes: fc.Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 400 })
  .map(bytes => Buffer.from(bytes))

/** Names that mean something to JavaScript's objects. */
export const heavyNames = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  '0',
  '-',
]

/** JSON values whose fields have such names more often than chance would have it. */
export const anyJSON: fc.Arbitrary<unknown> = fc
  .json({ depthSize: 'small', stringUnit: 'binary' })
  .chain(text =>
    fc.constantFrom('x', ...heavyNames).map(name => JSON.parse(text.replace(/"[^"\\]{0,2}":/, `"${name}":`))),
  )

/** Runs what may throw; hands on everything but errors of the kinds that are right here. */
export function orRefused<T>(
  act: () => T,
  ...kinds: readonly (abstract new (
    ...of: never[]
  ) => Error)[]
): T | undefined {
  try {
    return act()
  } catch (error) {
    if (kinds.some(kind => error instanceof kind)) return undefined
    throw error
  }
}
