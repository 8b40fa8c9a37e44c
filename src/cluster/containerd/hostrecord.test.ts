import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../component/clock.ts'
import { loadConfig } from '../config.ts'
import { rangesOf } from './freeranges.ts'
import { readHostRecords, withHostLock, writeHostRecord } from './hostrecord.ts'

const newRoot = () => mkdtempSync(join(tmpdir(), 'futago-record-'))

test('a record is found by others', () => {
  const root = newRoot()
  const record = { name: 'a', stateDirectory: '/s/a', hash: '0d1a7e', ranges: rangesOf(loadConfig()) }
  expect(readHostRecords(join(root, 'none'))).toEqual([])
  writeHostRecord(record, root)
  writeFileSync(join(root, 'lock'), '1')
  expect(readHostRecords(root)).toEqual([record])
})

test('the lock lets one at a time in, and is taken from a process that is gone', async () => {
  const root = newRoot()
  writeFileSync(join(root, 'lock'), '4194305')
  const order: string[] = []
  const work = (name: string) =>
    withHostLock(
      systemClock,
      async () => {
        order.push(`${name} in`)
        await systemClock.sleep(0)
        order.push(`${name} out`)
      },
      root,
    )
  await Promise.all([work('a'), work('b')])
  expect(order).toEqual(['a in', 'a out', 'b in', 'b out'])
})
