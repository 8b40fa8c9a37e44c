import { expect, test } from 'vitest'
import { type Component, startAll, stopAll } from './component.ts'

function recorded(journal: string[], name: string, failing?: 'start' | 'stop'): Component {
  return {
    name,
    async start() {
      if (failing === 'start') throw new Error(`${name} refuses`)
      journal.push(`start ${name}`)
    },
    async stop() {
      if (failing === 'stop') throw new Error(`${name} hangs on`)
      journal.push(`stop ${name}`)
    },
  }
}

test('startAll() starts in order and stopAll() stops in reverse', async () => {
  const journal: string[] = []
  const components = [recorded(journal, 'store'), recorded(journal, 'server')]
  await startAll(components)
  await stopAll(components)
  expect(journal).toEqual(['start store', 'start server', 'stop server', 'stop store'])
})

test('startAll() stops what it started when a later component fails', async () => {
  const journal: string[] = []
  const components = [
    recorded(journal, 'store'),
    recorded(journal, 'server', 'start'),
    recorded(journal, 'last'),
  ]
  await expect(startAll(components)).rejects.toThrow('server refuses')
  expect(journal).toEqual(['start store', 'stop store'])
})

test('stopAll() stops the others when one fails, and says which one failed', async () => {
  const journal: string[] = []
  const components = [recorded(journal, 'a'), recorded(journal, 'b', 'stop'), recorded(journal, 'c')]
  await expect(stopAll(components)).rejects.toThrow('Cannot stop b')
  expect(journal).toEqual(['stop c', 'stop a'])
})
