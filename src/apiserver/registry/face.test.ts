import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
import { defineResource } from '../../api/resource.ts'
import {
  context,
  named,
  nextTurn,
  openTestRegistries,
  startWatch,
  type Thing,
  things,
} from './registries.fake.ts'

/** The same things, whose size is called `width`. */
const widgets = defineResource({
  group: 'new.k8s.io',
  version: 'v2',
  kind: 'Widget',
  resource: 'things',
  namespaced: true,
  storedAs: {
    group: 'apps',
    version: 'v1',
    resource: 'things',
    toStored: object => {
      const { spec, ...rest } = object as KubeObject & { spec?: { width?: number; host?: string } }
      return { ...rest, spec: { size: spec?.width, node: spec?.host } } as KubeObject
    },
    fromStored: object => {
      const { spec, ...rest } = object as Thing
      return { ...rest, spec: { width: spec?.size, host: spec?.node } } as KubeObject
    },
    fieldNames: { 'spec.host': 'spec.node' },
  },
})

test('both faces show the same objects, each in its own words', async () => {
  const { registry } = await openTestRegistries({ resources: [widgets, things] })
  const inDefault = { namespace: 'default' }
  const watching = await startWatch(registry(widgets), { fieldSelector: 'spec.host=n1' })
  const stored = await registry(widgets).create(
    context,
    named('a', { spec: { width: 3, host: 'n1' } }),
    inDefault,
  )
  expect(JSON.parse(stored.bytes.toString())).toMatchObject({
    kind: 'Widget',
    apiVersion: 'new.k8s.io/v2',
    metadata: { name: 'a', resourceVersion: '2' },
    spec: { width: 3 },
  })
  const thing = await registry(things).get(context, 'default', 'a')
  expect(thing.object).toMatchObject({ kind: 'Thing', apiVersion: 'apps/v1', spec: { size: 3 } })
  await registry(widgets).update(
    context,
    { ...inDefault, name: 'a' },
    {
      transform: current => ({ ...current!, spec: { width: 4, host: 'n1' } }) as KubeObject,
    },
  )
  await nextTurn()
  expect(watching.events.map(event => 'stored' in event && event.stored.object)).toMatchObject([
    { kind: 'Widget', spec: { width: 3 } },
    { kind: 'Widget', spec: { width: 4 } },
  ])
  const list = await registry(widgets).list(context, { fieldSelector: 'spec.host!=n2' })
  expect(list.items.map(item => item.object)).toMatchObject([{ kind: 'Widget', spec: { width: 4 } }])
})
