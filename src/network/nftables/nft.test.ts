import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FakeExec } from '../../host/exec.fake.ts'
import { familyOrders } from '../../ip/family.ts'
import { NftCommand, parseOutline } from './nft.ts'
import type { Table } from './objects.ts'
import { familySyntax } from './syntax.ts'
import { Transaction } from './transaction.ts'

const table: Table = { family: 'inet', name: 'futago-test' }

const listing = JSON.stringify({
  nftables: [
    { metainfo: { version: '1.0.6' } },
    { table: { family: 'inet', name: 'futago-test' } },
    { set: { name: 'pods' } },
    { map: { name: 'ports' } },
    { chain: { name: 'checks' } },
    { chain: { name: 'in' } },
    { rule: { chain: 'in', expr: [] } },
    { rule: { chain: 'in', expr: [] } },
  ],
})

test('A transaction reaches nft as a file, which is removed afterwards', async () => {
  let file = ''
  let text = ''
  const exec = new FakeExec({
    nft(args) {
      file = args[1]!
      text = readFileSync(file, 'utf8')
      return ''
    },
  })
  const transaction = new Transaction(table)
  await new NftCommand(exec).run(transaction)
  expect(exec.commands).toEqual([])
  transaction.addTable()
  await new NftCommand(exec).run(transaction)
  expect(exec.commands).toEqual([`nft -f ${file}`])
  expect(text).toBe('add table inet futago-test\n')
  expect(() => readFileSync(file)).toThrow('ENOENT')
})

test('A transaction that cannot be right never reaches nft', async () => {
  const exec = new FakeExec()
  const transaction = new Transaction(table)
  transaction.addRule('in', 'drop\naccept')
  await expect(new NftCommand(exec).run(transaction)).rejects.toThrow('rule "drop\\naccept" is not valid')
  expect(exec.commands).toEqual([])
})

test('An outline counts the rules of each chain and names sets and maps', async () => {
  expect(parseOutline(listing)).toEqual({
    chains: new Map([
      ['checks', 0],
      ['in', 2],
    ]),
    collections: new Set(['pods', 'ports']),
  })
  const exec = new FakeExec({ nft: () => listing })
  expect((await new NftCommand(exec).outline(table))?.chains.get('in')).toBe(2)
  expect(exec.commands).toEqual(['nft --json --terse list table inet futago-test'])
})

test('A table that does not exist has no outline; any other failure is thrown', async () => {
  const failing = (stderr: string) => new NftCommand(new FakeExec({ nft: () => ({ exitCode: 1, stderr }) }))
  expect(await failing('Error: No such file or directory').outline(table)).toBeUndefined()
  await expect(failing('Operation not permitted').outline(table)).rejects.toThrow('not permitted')
})

test('Each family has its own words', () => {
  const words = familyOrders.map(families => families.map(family => familySyntax[family].header))
  expect(words).toEqual([['ip'], ['ip6'], ['ip', 'ip6'], ['ip6', 'ip']])
})
