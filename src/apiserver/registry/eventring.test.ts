import { expect, test } from 'vitest'
import { Change } from './dispatch.ts'
import { EventRing, mostRecentBytes, mostRecentChanges } from './eventring.ts'
import { configMaps } from './registries.fake.ts'
import { Codec } from './stored.ts'

const codec = new Codec(configMaps)
const change = (revision: number, size = 0) =>
  new Change(
    'ADDED',
    codec.decode(codec.encode({ metadata: { name: 'a', annotations: { x: 'y'.repeat(size) } } }), revision),
    undefined,
  )
const revisions = (changes: readonly Change[] | undefined) => changes?.map(({ stored }) => stored.revision)

test('gives the changes after a revision, and none from before it began', () => {
  const ring = new EventRing(5)
  for (const revision of [6, 8, 8, 11]) ring.push(change(revision))
  expect(revisions(ring.after(5))).toEqual([6, 8, 8, 11])
  expect(revisions(ring.after(7))).toEqual([8, 8, 11])
  expect(revisions(ring.after(8))).toEqual([11])
  expect(revisions(ring.after(99))).toEqual([])
  expect(ring.after(4)).toBeUndefined()
})

test('forgets the oldest changes when there are too many', () => {
  const ring = new EventRing(0)
  for (let revision = 1; revision <= mostRecentChanges + 3_000; revision++) ring.push(change(revision))
  expect(ring.length).toBe(mostRecentChanges)
  expect(ring.oldest).toBe(3_000)
  expect(ring.after(2_999)).toBeUndefined()
  expect(revisions(ring.after(mostRecentChanges + 2_998))).toEqual([
    mostRecentChanges + 2_999,
    mostRecentChanges + 3_000,
  ])
})

test('forgets the oldest changes when they are too large', () => {
  const ring = new EventRing(0)
  const size = mostRecentBytes / 4
  for (let revision = 1; revision <= 10; revision++) ring.push(change(revision, size))
  expect(revisions(ring.after(ring.oldest))).toEqual([8, 9, 10])
})
