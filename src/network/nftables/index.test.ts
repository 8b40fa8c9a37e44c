// The fake refuses what the kernel refuses; test/proxy.test.ts meets the kernel itself.
import { describe, expect, test } from 'vitest'
import { FakeNft } from './nft.fake.ts'
import type { Table } from './objects.ts'
import { Transaction } from './transaction.ts'

const table: Table = { family: 'inet', name: 't' }
const change = (...steps: ((transaction: Transaction) => void)[]) => {
  const transaction = new Transaction(table)
  for (const step of steps) step(transaction)
  return transaction
}
const base = (t: Transaction) => {
  t.addTable()
  t.addCollection({ kind: 'map', name: 'ports', key: 'type inet_service : verdict' })
  t.addChains([
    { name: 'web', rules: [] },
    { name: 'main', rules: ['tcp dport vmap @ports', 'jump web'] },
  ])
  t.addElements('ports', [{ key: '80', value: 'goto web' }])
}

describe('FakeNft', () => {
  test('keeps what transactions made', async () => {
    const nft = new FakeNft()
    expect(await nft.outline(table)).toBeUndefined()
    await nft.run(change(base))
    expect(nft.elements(table, 'ports')).toEqual(['80 : goto web'])
    expect((await nft.outline(table))?.chains).toEqual(
      new Map([
        ['web', 0],
        ['main', 2],
      ]),
    )
    await nft.run(change(t => t.flushCollection({ kind: 'map', name: 'ports', key: '' })))
    expect(nft.elements(table, 'ports')).toEqual([])
    await nft.run(change(t => t.deleteTable()))
    expect(nft.tables.size).toBe(0)
    expect(nft.ran).toHaveLength(3)
  })

  test.each<[string, string, (t: Transaction) => void]>([
    ['a set that does not exist', 'No such file', t => t.addElements('none', [{ key: '1' }])],
    ['an element that is not there', 'No such file', t => t.deleteElements('ports', [{ key: '81' }])],
    ['a second value for a key', 'File exists', t => t.addElements('ports', [{ key: '80', value: 'drop' }])],
    ['a verdict to no chain', 'No such file', t => t.addElements('ports', [{ key: '1', value: 'goto x' }])],
    ['a rule that jumps nowhere', 'No such file', t => t.addRule('main', 'jump x')],
    ['a rule with an unknown set', 'No such file', t => t.addRule('main', 'tcp dport @x drop')],
    ['a rule in no chain', 'No such file', t => t.addRule('x', 'drop')],
    ['the removal of a chain in use', 'busy', t => t.deleteChain('web')],
    ['the removal of a map in use', 'busy', t => t.deleteCollection({ kind: 'map', name: 'ports', key: '' })],
  ])('refuses %s, and then changes nothing', async (_, message, step) => {
    const nft = new FakeNft()
    await nft.run(change(base))
    const refused = change(t => t.addElements('ports', [{ key: '443', value: 'drop' }]), step)
    await expect(nft.run(refused)).rejects.toThrow(message)
    expect(nft.elements(table, 'ports')).toEqual(['80 : goto web'])
  })

  test('refuses changes to a table that is not there, and what it was told to refuse', async () => {
    const nft = new FakeNft()
    await expect(nft.run(change(t => t.deleteTable()))).rejects.toThrow('No such file')
    nft.failNext = new Error('Device or resource busy')
    await expect(nft.run(change(base))).rejects.toThrow('busy')
    await nft.run(change(base))
  })
})
