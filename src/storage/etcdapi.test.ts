import { expect, test } from 'vitest'
import { etcdAPI } from './etcdapi.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

test('Requests are on the wire as etcd’s rpc.proto numbers them', () => {
  const key = Buffer.from('k')
  const range = { key, rangeEnd: Buffer.from('l'), limit: 3, revision: 300, countOnly: true }
  expect(etcdAPI.range.request.encode(range)).toEqual(hex('0a016b 12016c 1803 20ac02 4801'))
  const txn = {
    compare: [{ target: 2, key, modRevision: 5 }],
    success: [{ put: { key, value: Buffer.from('v') } }],
    failure: [{ range: { key, keysOnly: true } }],
  }
  expect(etcdAPI.txn.request.encode(txn)).toEqual(
    hex('0a07 1002 1a016b 3005  1208 1206 0a016b 120176  1a07 0a05 0a016b 4001'),
  )
  const create = { key, startRevision: 6, prevKV: true, fragment: true }
  expect(etcdAPI.watch.request.encode({ create })).toEqual(hex('0a09 0a016b 1806 3001 4001'))
})

test('A watch’s answer has the events, the value before, and whether more is to come', () => {
  const answer = hex('0a02 1801 3801 5a0f 0801 1205 0a016b 180a 1a04 1003 2a00')
  expect(etcdAPI.watch.response.decode(answer)).toMatchObject({
    header: { revision: 1 },
    fragment: true,
    events: [{ type: 1, kv: { modRevision: 10 }, prevKV: { createRevision: 3 } }],
  })
})
