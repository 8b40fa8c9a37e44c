import { expect, test } from 'vitest'
import { KeyLocks } from './keylocks.ts'

const nextTurn = () => new Promise<void>(resolve => setImmediate(resolve))

test('work on one key runs in turn, on different keys at once', async () => {
  const locks = new KeyLocks()
  const journal: string[] = []
  const work = (name: string) => async () => {
    journal.push(`begin ${name}`)
    await nextTurn()
    journal.push(`end ${name}`)
  }
  await Promise.all([locks.run('a', work('a1')), locks.run('a', work('a2')), locks.run('b', work('b'))])
  expect(journal).toEqual(['begin a1', 'begin b', 'end a1', 'begin a2', 'end b', 'end a2'])
  expect(locks.size).toBe(0)
})

test('work that fails does not hold up the next', async () => {
  const locks = new KeyLocks()
  const failing = locks.run('a', () => Promise.reject(new Error('no')))
  const next = locks.run('a', async () => 'yes')
  await expect(failing).rejects.toThrow('no')
  await expect(next).resolves.toBe('yes')
})
