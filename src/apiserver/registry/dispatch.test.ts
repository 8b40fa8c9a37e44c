import { expect, test } from 'vitest'
import { Change, Dispatcher, type Subscriber } from './dispatch.ts'
import { things } from './registries.fake.ts'
import type { StoredEvent } from './registry.ts'
import { Codec, type Stored } from './stored.ts'

const codec = new Codec(things)
const thing = (node: string, revision: number) =>
  codec.decode(
    codec.encode({ metadata: { namespace: 'default', name: 'a' }, spec: { node } } as never),
    revision,
  )
const onNode = (node: string) => (stored: Stored) => stored.fields[0] === node

function subscriber(options: Partial<Subscriber> = {}) {
  const batches: (readonly StoredEvent[])[] = []
  return { ...options, batches, receive: (events: readonly StoredEvent[]) => void batches.push(events) }
}

test('watchers without selectors share one batch per commit', () => {
  const dispatcher = new Dispatcher()
  const one = subscriber()
  const two = subscriber()
  dispatcher.add(one)
  dispatcher.add(two)
  dispatcher.deliver([new Change('ADDED', thing('n1', 2), undefined)])
  expect(one.batches).toHaveLength(1)
  expect(two.batches[0]).toBe(one.batches[0])
  dispatcher.delete(two)
  dispatcher.deliver([new Change('ADDED', thing('n1', 3), undefined)])
  expect([one.batches.length, two.batches.length]).toEqual([2, 1])
})

test('an index finds the watchers of the value that was and of the one that is', () => {
  const dispatcher = new Dispatcher()
  const keyOf = (stored: Stored) => stored.fields[0]!
  const watchers = ['n1', 'n2', 'n3'].map(node =>
    subscriber({ scope: { index: 'spec.node', value: node, keyOf }, selects: onNode(node) }),
  )
  for (const watcher of watchers) dispatcher.add(watcher)
  expect(dispatcher.size).toBe(3)
  const before = thing('n1', 2)
  dispatcher.deliver([new Change('MODIFIED', thing('n2', 3), before)])
  const seen = watchers.map(({ batches }) =>
    batches.flat().map(({ type, stored }) => `${type} ${(stored as Stored).fields[0]} ${stored.revision}`),
  )
  expect(seen).toEqual([['DELETED n1 3'], ['ADDED n2 3'], []])
  for (const watcher of watchers) dispatcher.delete(watcher)
  expect(dispatcher.idle).toBe(true)
})

test('a change looks different to those whose selector it crosses', () => {
  const moved = new Change('MODIFIED', thing('n2', 3), thing('n1', 2))
  expect(moved.seenBy(onNode('n2'))?.type).toBe('ADDED')
  expect(moved.seenBy(onNode('n1'))?.type).toBe('DELETED')
  expect(moved.seenBy(onNode('n3'))).toBeUndefined()
  expect(moved.seenBy(() => true)).toBe(moved)
  expect(moved.seenBy(onNode('n2'))).toBe(moved.seenBy(onNode('n2')))
  const last = thing('n1', 2)
  const gone = new Change('DELETED', last.at(4), last)
  expect(gone.seenBy(onNode('n1'))).toBe(gone)
  expect(gone.seenBy(onNode('n2'))).toBeUndefined()
})
