import { expect, test } from 'vitest'
import { notFound } from '../api/status.ts'
import type { Transport } from '../api/transport.ts'
import { Client } from '../client/client.ts'
import { FakeClock } from '../component/clock.ts'
import { ClientReferences } from './references.ts'

function start() {
  const asked: string[] = []
  const transport: Transport = {
    async request<T>({ path }: { path: string }) {
      asked.push(path)
      if (path.endsWith('/none')) throw notFound({ group: '', resource: 'configmaps' }, 'none')
      return { status: 200, body: { metadata: { name: 'cm' } } as T, warnings: [] }
    },
    watch: async () => ({ close: () => undefined }),
  }
  const clock = new FakeClock()
  return { clock, asked, references: new ClientReferences({ client: new Client(transport), clock }) }
}

test('What many Pods refer to is fetched once in five seconds', async () => {
  const { clock, asked, references } = start()
  await Promise.all([references.configMap('ns', 'cm'), references.configMap('ns', 'cm')])
  await clock.advance(4999)
  await references.configMap('ns', 'cm')
  expect(asked).toEqual(['/api/v1/namespaces/ns/configmaps/cm'])
  await clock.advance(1)
  await references.configMap('ns', 'cm')
  expect(asked).toHaveLength(2)
})

test('What is missing is looked for again soon', async () => {
  const { clock, asked, references } = start()
  expect(await references.configMap('ns', 'none')).toBeUndefined()
  await references.configMap('ns', 'none')
  expect(asked).toHaveLength(1)
  await clock.advance(200)
  await references.configMap('ns', 'none')
  expect(asked).toHaveLength(2)
})
