import { expect, test } from 'vitest'
import { configMaps } from '../api/resources/core/configmap.ts'
import { describeLast } from './lastseen.ts'

const configMap = (name: string) => ({
  metadata: { namespace: 'default', name, uid: 'u', managedFields: [], labels: { a: 'b' } },
  data: { x: 'y' },
  status: { phase: 'New' },
})

test('An object is shown with its status first and without what nobody waits for', async () => {
  expect(await describeLast(configMaps, configMap('one'))).toBe(
    `last seen:
ConfigMap default/one:
  status:
    phase: New
  data:
    x: 'y'
  metadata:
    name: one
    labels:
      a: b`,
  )
})

test('Of many objects some are shown and the others named, and of none that there is none', async () => {
  const text = await describeLast(configMaps, ['a', 'b', 'c', 'd', 'e'].map(configMap))
  expect(text.match(/^ConfigMap .*$/gm)).toEqual([
    'ConfigMap default/a:',
    'ConfigMap default/b:',
    'ConfigMap default/c:',
  ])
  expect(text.endsWith('\nand default/d, default/e')).toBe(true)
  expect(await describeLast(configMaps, undefined)).toBe('there is no such ConfigMap')
  expect(await describeLast(configMaps, [])).toBe('there is no such ConfigMap')
})

test('A long object is cut', async () => {
  const data = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key${index}`, 'v']))
  const text = await describeLast(configMaps, { metadata: { name: 'a' }, data } as never)
  expect(text.split('\n')).toHaveLength(63)
  expect(text.endsWith('\n  ...')).toBe(true)
})
