import { expect, test } from 'vitest'
import type { Transport } from '../api/transport.ts'
import { Client } from '../client/client.ts'
import { Binder } from './bind.ts'
import { testPod } from './testobjects.fake.ts'

test('No more bindings are under way than allowed, and room is told', async () => {
  const answers: (() => void)[] = []
  const sent: unknown[] = []
  const transport: Transport = {
    request<T>({ path, body }: { path: string; body?: unknown }) {
      sent.push([path, (body as { target: { name: string } }).target.name])
      return new Promise<{ status: number; body: T; warnings: string[] }>(resolve => {
        answers.push(() => resolve({ status: 201, body: {} as T, warnings: [] }))
      })
    },
    watch: async () => ({ close: () => undefined }),
  }
  let room = 0
  const binder = new Binder({
    client: new Client(transport),
    maxInFlight: 2,
    onRoom: () => {
      room++
    },
  })
  const first = binder.bind(testPod('a'), 'n1')
  expect(binder.hasRoom).toBe(true)
  const second = binder.bind(testPod('b'), 'n2')
  expect(binder.hasRoom).toBe(false)
  answers[0]?.()
  await first
  expect([binder.hasRoom, room]).toEqual([true, 1])
  answers[1]?.()
  await second
  await binder.idle()
  expect(sent).toEqual([
    ['/api/v1/namespaces/ns/pods/a/binding', 'n1'],
    ['/api/v1/namespaces/ns/pods/b/binding', 'n2'],
  ])
})
