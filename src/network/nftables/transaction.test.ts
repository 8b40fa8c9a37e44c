import { describe, expect, test } from 'vitest'
import type { Table } from './objects.ts'
import { Transaction } from './transaction.ts'

const table: Table = { family: 'inet', name: 'futago-test' }
const changed = (change: (transaction: Transaction) => void) => {
  const transaction = new Transaction(table)
  change(transaction)
  return transaction
}
const textOf = (change: (transaction: Transaction) => void) => changed(change).toString()

describe('A transaction is written as nft reads it', () => {
  test.each<[string, (transaction: Transaction) => void]>([
    ['add table inet futago-test\n', t => t.addTable()],
    ['delete table inet futago-test\n', t => t.deleteTable()],
    [
      'add set inet futago-test pods-IPv4 { type ipv4_addr; flags interval; }\n',
      t => t.addCollection({ kind: 'set', name: 'pods-IPv4', key: 'type ipv4_addr', flags: ['interval'] }),
    ],
    [
      'add map inet futago-test seen { type ipv6_addr : mark; flags dynamic,timeout; size 64; }\n',
      t =>
        t.addCollection({
          kind: 'map',
          name: 'seen',
          key: 'type ipv6_addr : mark',
          flags: ['dynamic', 'timeout'],
          size: 64,
        }),
    ],
    [
      'add chain inet futago-test in { type filter hook input priority -10; policy accept; }\n' +
        'add chain inet futago-test checks\n' +
        'add rule inet futago-test in jump checks\n' +
        'add rule inet futago-test checks ip6 saddr @seen drop\n',
      t =>
        t.addChains([
          { name: 'in', hook: { type: 'filter', hook: 'input', priority: -10 }, rules: ['jump checks'] },
          { name: 'checks', rules: ['ip6 saddr @seen drop'] },
        ]),
    ],
    [
      'flush chain inet futago-test checks\ndelete chain inet futago-test checks\n',
      t => {
        t.flushChain('checks')
        t.deleteChain('checks')
      },
    ],
    ['flush map inet futago-test seen\n', t => t.flushCollection({ kind: 'map', name: 'seen', key: '' })],
    ['delete set inet futago-test seen\n', t => t.deleteCollection({ kind: 'set', name: 'seen', key: '' })],
    [
      'add element inet futago-test ports { tcp . 80 : goto web, udp . 53 : drop }\n',
      t =>
        t.addElements('ports', [
          { key: 'tcp . 80', value: 'goto web' },
          { key: 'udp . 53', value: 'drop' },
        ]),
    ],
    [
      'delete element inet futago-test pods { 10.0.0.1, fd00::1 }\n',
      t => t.deleteElements('pods', [{ key: '10.0.0.1' }, { key: 'fd00::1' }]),
    ],
    ['', t => t.addElements('pods', [])],
  ])('%j', (expected, change) => {
    expect(textOf(change)).toBe(expected)
    expect(changed(change).problem).toBeUndefined()
    expect(changed(change).isEmpty).toBe(expected === '')
  })
})

describe('The first operation that cannot be right is reported', () => {
  test.each<[string, (transaction: Transaction) => void]>([
    ['chain name "a b"', t => t.addChain({ name: 'a b', rules: [] })],
    ['name ""', t => t.addCollection({ kind: 'set', name: '', key: 'type mark' })],
    ['rule "drop; accept"', t => t.addRule('in', 'drop; accept')],
    [
      'element {"key":"1 }\\ndelete table inet x"} of pods',
      t => t.addElements('pods', [{ key: '1 }\ndelete table inet x' }]),
    ],
  ])('%s', (what, change) => {
    const transaction = changed(t => {
      change(t)
      t.addRule('in', '')
    })
    expect(transaction.problem).toBe(`Cannot change table futago-test: ${what} is not valid`)
  })

  test('also for the table itself', () => {
    expect(new Transaction({ family: 'ip', name: '1' }).problem).toContain('table name "1"')
  })
})
