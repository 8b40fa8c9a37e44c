import { expect, test } from 'vitest'
import { startControllers } from './liveserver.fake.ts'
import { secrets } from './resources.ts'
import { tokenCleaner } from './tokencleaner.ts'

test('A bootstrap token goes once it has expired; other Secrets stay', async () => {
  const world = await startControllers([tokenCleaner({ periodMs: 1000 })])
  const create = (name: string, type: string, expiration?: string) =>
    world.client.create(secrets, {
      metadata: { namespace: 'kube-system', name },
      type,
      ...(expiration ? { data: { expiration: Buffer.from(expiration).toString('base64') } } : {}),
    })
  await create('bootstrap-token-aaaaaa', 'bootstrap.kubernetes.io/token', '2026-01-01T12:00:00Z')
  await create('bootstrap-token-bbbbbb', 'bootstrap.kubernetes.io/token', '2026-01-01T13:00:00Z')
  await create('bootstrap-token-cccccc', 'bootstrap.kubernetes.io/token')
  await create('other', 'Opaque', '2026-01-01T12:00:00Z')
  await world.settle()
  await world.clock.advance(1000)
  await world.settle()
  const { items } = await world.client.list(secrets, { namespace: 'kube-system' })
  expect(items.map(({ metadata }) => metadata.name)).toEqual([
    'bootstrap-token-bbbbbb',
    'bootstrap-token-cccccc',
    'other',
  ])
  expect(world.problems).toEqual([])
})
