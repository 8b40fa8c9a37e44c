import { expect, test } from 'vitest'
import { controllerReference } from '../api/meta/owners.ts'
import type { KubeObject } from '../api/object.ts'
import { defineResource } from '../api/resource.ts'
import { StatusError } from '../api/status.ts'
import { Client } from '../client/client.ts'
import { FakeClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { type ControllerDefinition, defineController, onChange, TerminalError } from './controller.ts'
import { ControllerManager } from './manager.ts'
import { TestServer } from './testserver.fake.ts'

interface Thing extends KubeObject {
  spec?: { parts?: number; color?: string }
}
const core = { group: '', version: 'v1', namespaced: true }
const things = defineResource<Thing>({ ...core, kind: 'Thing', resource: 'things' })
const parts = defineResource({ ...core, kind: 'Part', resource: 'parts' })
const colors = defineResource({ ...core, namespaced: false, kind: 'Color', resource: 'colors' })

const thing = (name: string, spec: Thing['spec'] = {}): Thing => ({
  metadata: { name, namespace: 'ns' },
  spec,
})
const part = (name: string, owner: KubeObject): KubeObject => ({
  metadata: { name, namespace: 'ns', ownerReferences: [controllerReference(things, owner)] },
})

async function running(definition: Omit<ControllerDefinition<Thing>, 'name' | 'for'>) {
  const server = new TestServer()
  const client = new Client(server)
  const clock = new FakeClock()
  const errors: string[] = []
  const note = (message: string) => void errors.push(message)
  const log = { ...silentLogger, warn: note, error: note, child: () => log }
  const controller = defineController<Thing>({ ...definition, name: 'test', for: things })
  const manager = new ControllerManager({ client, clock, controllers: [controller], log })
  await manager.start()
  return { server, client, clock, manager, errors }
}
const settled = async () => {
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
}

test('An object is reconciled when it appears or changes, and deleted() hears when it is gone', async () => {
  const journal: string[] = []
  const { client } = await running({
    reconcile: async object => void journal.push(`${object.metadata.name} ${object.spec?.parts}`),
    deleted: key => void journal.push(`deleted ${key}`),
  })
  const created = await client.create(things, thing('a', { parts: 1 }))
  await settled()
  await client.update(things, { ...created, spec: { parts: 2 } })
  await settled()
  await client.delete(things, { namespace: 'ns', name: 'a' })
  await settled()
  expect(journal).toEqual(['a 1', 'a 2', 'deleted ns/a'])
})

test('Objects that exist before the controller starts are reconciled too', async () => {
  const seen: string[] = []
  const server = new TestServer()
  const client = new Client(server)
  await client.create(things, thing('old'))
  const controller = defineController<Thing>({
    name: 'test',
    for: things,
    reconcile: async object => void seen.push(object.metadata.name ?? ''),
  })
  const manager = new ControllerManager({ client, clock: new FakeClock(), controllers: [controller] })
  await manager.start()
  await settled()
  expect(seen).toEqual(['old'])
})

test('What a controller owns brings its owner back', async () => {
  const counts: number[] = []
  const { client } = await running({
    owns: [parts],
    reconcile: async (object, { cache }) => void counts.push(cache.ownedBy(parts, object).length),
  })
  const owner = await client.create(things, thing('a'))
  await settled()
  await client.create(parts, part('p1', owner))
  await settled()
  await client.delete(parts, { namespace: 'ns', name: 'p1' })
  await settled()
  expect(counts).toEqual([0, 1, 0])
})

test('Watched resources bring back the keys they matter to, before and after the change', async () => {
  const journal: string[] = []
  const thingsOf = (color: KubeObject) =>
    color.metadata.labels?.thing ? [`ns/${color.metadata.labels.thing}`] : []
  const { client } = await running({
    watches: [onChange(colors, thingsOf)],
    reconcile: async object => void journal.push(object.metadata.name ?? ''),
  })
  await client.create(things, thing('a'))
  await client.create(things, thing('b'))
  const red = await client.create(colors, { metadata: { name: 'red', labels: { thing: 'a' } } })
  await settled()
  journal.length = 0
  await client.update(colors, { ...red, metadata: { ...red.metadata, labels: { thing: 'b' } } })
  await settled()
  expect(journal).toEqual(['a', 'b'])
})

test('A reconcile that throws is tried again, with growing delays, and TerminalError is not', async () => {
  let attempts = 0
  const { client, clock, errors } = await running({
    reconcile: async object => {
      attempts++
      if (object.metadata.name === 'hopeless') throw new TerminalError('no such color')
      if (attempts < 4) throw new Error('not yet')
    },
  })
  await client.create(things, thing('a'))
  await settled()
  expect(attempts).toBe(1)
  await clock.advance(5)
  await clock.advance(9)
  expect(attempts).toBe(2)
  await clock.advance(1)
  expect(attempts).toBe(3)
  await clock.advance(1000)
  expect(attempts).toBe(4)
  errors.length = 0
  await client.create(things, thing('hopeless'))
  await settled()
  await clock.advance(1000_000)
  expect(attempts).toBe(5)
  expect(errors).toEqual(['cannot reconcile'])
})

test('The refusal of a terminating namespace is the end of it', async () => {
  let attempts = 0
  const { client, clock, errors } = await running({
    reconcile: async () => {
      attempts++
      const causes = [{ reason: 'NamespaceTerminating', message: '', field: 'metadata.namespace' }]
      throw new StatusError({ code: 403, reason: 'Forbidden', message: 'no', details: { causes } })
    },
  })
  await client.create(things, thing('a'))
  await settled()
  await clock.advance(1000_000)
  expect([attempts, errors]).toEqual([1, []])
})

test('enqueueAfter() has the object looked at again', async () => {
  let looked = 0
  const { client, clock } = await running({
    reconcile: async (_, { enqueueAfter }) => {
      if (++looked === 1) enqueueAfter(1000)
    },
  })
  await client.create(things, thing('a'))
  await settled()
  await clock.advance(999)
  expect(looked).toBe(1)
  await clock.advance(1)
  expect(looked).toBe(2)
})

test('A reconcile reads what it wrote, even when the watch lags behind', async () => {
  const { server, client } = await running({
    owns: [parts],
    reconcile: async (object, { client, cache }) => {
      const missing = (object.spec?.parts ?? 0) - cache.ownedBy(parts, object).length
      for (let i = 0; i < missing; i++) {
        await client.create(parts, {
          ...part('', object),
          metadata: { ...part('', object).metadata, name: undefined, generateName: 'p-' },
        })
      }
    },
  })
  await client.create(things, thing('a', { parts: 3 }))
  server.lagging = true
  await settled()
  await client.create(things, thing('b'))
  await settled()
  server.catchUp()
  await settled()
  expect(server.requests.filter(request => request === 'POST /api/v1/namespaces/ns/parts').length).toBe(3)
})

test('After stop() nothing is reconciled any more', async () => {
  let looked = 0
  const { client, manager } = await running({ reconcile: async () => void looked++ })
  await manager.stop()
  await client.create(things, thing('a'))
  await settled()
  expect(looked).toBe(0)
})
