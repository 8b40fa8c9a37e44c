import { expect, test } from 'vitest'
import { EtcdKeys } from './etcdkeys.ts'
import { planTransaction } from './etcdtransaction.ts'

test('A write compares the revision of each key and asks for all of them when one is another', () => {
  const value = Buffer.from('value')
  const plan = planTransaction(
    [
      { type: 'create', key: '/a', value },
      { type: 'update', key: '/b', value, expectedRevision: 5 },
      { type: 'delete', key: '/c', expectedRevision: 7 },
    ],
    new EtcdKeys('', '/x'),
  )
  const [a, b, c] = ['/x/a', '/x/b', '/x/c'].map(key => Buffer.from(key))
  expect(plan).toEqual({
    compare: [
      { target: 2, key: a, modRevision: 0 },
      { target: 2, key: b, modRevision: 5 },
      { target: 2, key: c, modRevision: 7 },
    ],
    success: [{ put: { key: a, value } }, { put: { key: b, value } }, { deleteRange: { key: c } }],
    failure: [a, b, c].map(key => ({ range: { key, keysOnly: true } })),
  })
})
