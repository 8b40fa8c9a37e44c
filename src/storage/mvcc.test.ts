import { expect, test } from 'vitest'
import { planWrite, type Version, VersionIndex } from './mvcc.ts'
import type { WriteOperation } from './store.ts'

const value = Buffer.from('value')

function write(index: VersionIndex, ...operations: WriteOperation[]): Version[] {
  const versions = planWrite(operations, index.revision + 1, key => index.head(key))
  index.append(versions)
  return versions
}

const create = (key: string): WriteOperation => ({ type: 'create', key, value })
const name = ({ key, revision, deleted }: Version) => `${deleted ? '-' : ''}${key}@${revision}`

function writeThreeTimes(index: VersionIndex) {
  write(index, create('/a'))
  write(index, { type: 'update', key: '/a', value, expectedRevision: 2 })
  write(index, { type: 'delete', key: '/a', expectedRevision: 3 })
}

test('sweep() names every version that nobody can see any more, once, and lets go of it', () => {
  const index = new VersionIndex()
  writeThreeTimes(index)
  write(index, create('/b'))
  expect(index.sweep()).toEqual([])
  index.forget(4)
  expect(index.sweep().map(name)).toEqual(['/a@2', '/a@3', '-/a@4'])
  expect(index.sweep()).toEqual([])
  expect(index.head('/a')).toBeUndefined()
  expect([index.live, index.logLength]).toEqual([1, 1])
})

test('sweep() in steps stops between writes and says whether there is more', () => {
  const index = new VersionIndex()
  writeThreeTimes(index)
  write(index, create('/b'), create('/c'), create('/d'))
  write(index, create('/e'))
  index.forget(5)
  const steps: string[][] = []
  while (index.needsSweep) steps.push(index.sweep(1).map(name))
  expect(steps).toEqual([[], ['/a@2'], ['/a@3', '-/a@4'], []])
  expect(index.logLength).toBe(1)
})

test('A key that was created again keeps only its new versions', () => {
  const index = new VersionIndex()
  writeThreeTimes(index)
  const [again] = write(index, create('/a'))
  index.forget(4)
  expect(index.sweep().map(name)).toEqual(['/a@2', '/a@3', '-/a@4'])
  expect(index.head('/a')).toBe(again)
  expect([index.at('/a', 4), index.at('/a', 5)]).toEqual([undefined, again])
  index.forget(5)
  expect(index.sweep()).toEqual([])
  expect(again!.previous).toBeUndefined()
})

test('since() gives the versions after a revision in order, for a prefix', () => {
  const index = new VersionIndex()
  writeThreeTimes(index)
  write(index, create('/b/1'), create('/b/0'))
  expect(index.since(2, '').map(name)).toEqual(['/a@3', '-/a@4', '/b/1@5', '/b/0@5'])
  expect(index.since(1, '/b/').map(name)).toEqual(['/b/1@5', '/b/0@5'])
  expect(index.since(5, '')).toEqual([])
})

test('Thousands of writes to one key leave no trace in memory once they are swept', () => {
  const index = new VersionIndex()
  let [newest] = write(index, create('/a'))
  for (let time = 0; time < 5000; time++) {
    ;[newest] = write(index, { type: 'update', key: '/a', value, expectedRevision: newest!.revision })
    index.forget(index.revision)
    index.sweep(64)
  }
  expect([newest!.previous, index.logLength, index.live]).toEqual([undefined, 0, 1])
  expect(newest!.createRevision).toBe(2)
})
