import { expect, test } from 'vitest'
import { StatusError } from '../../api/status.ts'
import { type Clock, FakeClock } from '../../component/clock.ts'
import type { StoredEvent, StoredObject } from '../registry/registry.ts'
import type { ReplyStream } from '../request.ts'
import {
  eventLine,
  jsonErrors,
  type WatchEncoder,
  WatchFlusher,
  type WatchItem,
  WatchStream,
} from './watchstream.ts'

const turn = () => new Promise(resolve => setImmediate(resolve))

function client() {
  const state = { writes: [] as string[][], pendingBytes: 0, ended: false, destroyed: false }
  const drains: (() => void)[] = []
  const stream: ReplyStream = {
    write: chunks => void state.writes.push(chunks.map(String)),
    get pendingBytes() {
      return state.pendingBytes
    },
    end: () => {
      state.ended = true
    },
    destroy: () => {
      state.destroyed = true
    },
    onClose: () => undefined,
    onDrain: callback => void drains.push(callback),
  }
  return { state, stream, drain: () => drains[0]!() }
}

function counting(): WatchEncoder & { count: number } {
  const encoder = {
    key: 'json',
    ...jsonErrors,
    count: 0,
    encode(item: WatchItem) {
      encoder.count++
      return eventLine(item.type, item.type === 'BOOKMARK' ? Buffer.from('{}') : item.stored.bytes)
    },
  }
  return encoder
}

const event = (text: string, type: StoredEvent['type'] = 'ADDED'): StoredEvent => ({
  type,
  stored: { bytes: Buffer.from(text) } as StoredObject,
})

test('All events of a turn go out in one write, and each is encoded once for all clients', async () => {
  const flusher = new WatchFlusher(new FakeClock())
  const encoder = counting()
  const [a, b] = [client(), client()]
  const streams = [a, b].map(({ stream }) => new WatchStream(stream, encoder, { flusher }))
  const [one, two] = [event('1'), event('2', 'MODIFIED')]
  for (const stream of streams) {
    stream.push([one])
    stream.push([two])
  }
  expect(a.state.writes).toEqual([])
  await turn()
  const expected = [['{"type":"ADDED","object":1}\n', '{"type":"MODIFIED","object":2}\n']]
  expect([a.state.writes, b.state.writes, encoder.count]).toEqual([expected, expected, 2])
})

test('After a flush that took long the next one waits, and brings all that came meanwhile', async () => {
  const time = new FakeClock()
  let spentMs = 0
  const clock: Clock = {
    now: () => time.now(),
    monotonic: () => time.monotonic() + spentMs,
    after: (delayMs, callback) => time.after(delayMs, callback),
    sleep: delayMs => time.sleep(delayMs),
  }
  const { state, stream } = client()
  const write: ReplyStream['write'] = chunks => {
    spentMs += 3
    stream.write(chunks)
  }
  const watching = new WatchStream({ ...stream, write }, counting(), { flusher: new WatchFlusher(clock) })
  watching.push([event('1')])
  await turn()
  expect(state.writes.length).toBe(1)
  watching.push([event('2')])
  await time.advance(5)
  watching.push([event('3')])
  expect(state.writes.length).toBe(1)
  await time.advance(1)
  expect(state.writes[1]).toEqual(['{"type":"ADDED","object":2}\n', '{"type":"ADDED","object":3}\n'])
})

test('A connection that is full gets no more until it drains', async () => {
  const { state, stream, drain } = client()
  const watching = new WatchStream(stream, counting(), { flusher: new WatchFlusher(new FakeClock()) })
  state.pendingBytes = 1e6
  watching.push([event('1')])
  await turn()
  expect(state.writes).toEqual([])
  state.pendingBytes = 0
  drain()
  await turn()
  expect(state.writes.length).toBe(1)
})

test('A client that leaves too much unread is cut off; initial events do not count', async () => {
  const { state, stream } = client()
  const options = { flusher: new WatchFlusher(new FakeClock()), maxUnreadBytes: 1000 }
  const watching = new WatchStream(stream, counting(), options)
  let cut = false
  watching.onCutOff = () => {
    cut = true
  }
  state.pendingBytes = 1e6
  watching.push([event('x'.repeat(5000))])
  watching.started()
  watching.push([event('x'.repeat(900))])
  expect([cut, state.destroyed]).toEqual([false, false])
  watching.push([event('x'.repeat(900))])
  expect([cut, state.destroyed]).toEqual([true, true])
})

test('The end comes after what is queued, with an ERROR event for an error', async () => {
  const { state, stream } = client()
  const watching = new WatchStream(stream, counting(), { flusher: new WatchFlusher(new FakeClock()) })
  watching.push([event('1')])
  watching.end(new StatusError({ code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' }))
  watching.push([event('2')])
  await turn()
  expect(state.ended).toBe(true)
  expect(state.writes.flat()).toEqual([
    '{"type":"ADDED","object":1}\n',
    '{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",' +
      '"message":"too old resource version: 1 (2)","reason":"Expired","code":410}}\n',
  ])
})
