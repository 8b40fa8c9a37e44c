import { expect, test } from 'vitest'
import { Client } from '../client/client.ts'
import { FakeClock } from '../component/clock.ts'
import type { Controller } from './controller.ts'
import { ControllerManager } from './manager.ts'
import { TestServer } from './testserver.fake.ts'

test('Controllers are created, the cache is filled, then they start; they stop in reverse', async () => {
  const journal: string[] = []
  const controller = (name: string): Controller => ({
    name,
    create: () => {
      journal.push(`create ${name}`)
      return {
        name,
        start: async () => void journal.push(`start ${name}`),
        stop: async () => void journal.push(`stop ${name}`),
      }
    },
  })
  const client = new Client(new TestServer())
  const controllers = [controller('a'), controller('b')]
  const manager = new ControllerManager({ client, clock: new FakeClock(), controllers })
  await manager.start()
  await manager.stop()
  await manager.stop()
  expect(journal).toEqual(['create a', 'create b', 'start a', 'start b', 'stop b', 'stop a'])
})
