import { afterEach, expect, test } from 'vitest'
import type { Pod, Volume } from '../api/generated/types.ts'
import { configMaps } from '../api/resources/core/configmap.ts'
import { namespace, openAPI, settle } from './cluster.fake.ts'
import { ClientReferences } from './references.ts'
import { WatchedReferences } from './watchedreferences.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function start() {
  const { server, client, clock } = await openAPI()
  let issued = 0
  const tokens = async () => `token ${++issued}`
  const references = new ClientReferences({ client, clock, tokens })
  const watched = new WatchedReferences({ client, clock, references })
  const changed: string[] = []
  watched.onChange(uid => changed.push(uid))
  stops.push(
    () => server.close(),
    () => watched.stop(),
  )
  return { client, clock, watched, changed }
}

const podWith = (uid: string, ...volumes: Omit<Volume, 'name'>[]): Pod => ({
  metadata: { name: uid, namespace, uid },
  spec: { containers: [], volumes: volumes.map((volume, index) => ({ name: `v${index}`, ...volume })) },
})

test('A change of what a volume shows is told to each Pod that has it, as long as it has it', async () => {
  const { client, watched, changed } = await start()
  const made = await client.create(configMaps, { metadata: { name: 'cm', namespace }, data: { a: '1' } })
  watched.watch(podWith('one', { configMap: { name: 'cm' } }))
  watched.watch(podWith('two', { projected: { sources: [{ configMap: { name: 'cm', optional: true } }] } }))
  expect((await watched.configMap(namespace, 'cm'))?.data).toEqual({ a: '1' })
  expect(changed).toEqual([])
  const second = await client.update(configMaps, { ...made, data: { a: '2' } })
  await settle()
  expect(changed).toEqual(['one', 'two'])
  expect((await watched.configMap(namespace, 'cm'))?.data).toEqual({ a: '2' })
  watched.forget('one')
  await client.update(configMaps, { ...second, data: { a: '3' } })
  await settle()
  expect(changed).toEqual(['one', 'two', 'two'])
})

test('What comes into being is told, too, and what no volume shows is fetched', async () => {
  const { client, watched, changed } = await start()
  watched.watch(podWith('one', { configMap: { name: 'late' } }))
  expect(await watched.configMap(namespace, 'late')).toBeUndefined()
  await client.create(configMaps, { metadata: { name: 'late', namespace }, data: { a: '1' } })
  await settle()
  expect(changed).toEqual(['one'])
  expect((await watched.configMap(namespace, 'kube-root-ca.crt'))?.data).toEqual({ 'ca.crt': 'PEM' })
})

test('A token is kept for four fifths of its time', async () => {
  const { clock, watched } = await start()
  const pod = podWith('one')
  const ask = () => watched.serviceAccountToken({ pod, expirationSeconds: 1000 })
  const began = clock.now()
  expect([await ask(), await ask()]).toEqual(['token 1', 'token 1'])
  expect(watched.renewalMs('one') - began).toBe(800_000)
  await clock.advance(800_000)
  expect(await ask()).toBe('token 2')
  watched.forget('one')
  expect(watched.renewalMs('one')).toBe(Number.POSITIVE_INFINITY)
  expect(await ask()).toBe('token 3')
})
