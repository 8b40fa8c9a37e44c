import { expect, test } from 'vitest'
import { resources } from './index.ts'

const versionOrder = ['v2', 'v1']

test('No two resources share a group, version and plural', () => {
  const names = resources.map(({ apiVersion, resource }) => `${apiVersion} ${resource}`)
  expect(new Set(names).size).toBe(names.length)
})

test('The resources of a group version stand together, newest version first, in order of plurals', () => {
  const positions = new Map<string, string[]>()
  let last = ''
  for (const { group, version, resource } of resources) {
    const key = `${group} ${version}`
    if (key !== last) expect(positions.has(key), `${key} stands in two places`).toBe(false)
    positions.set(key, [...(positions.get(key) ?? []), resource])
    last = key
  }
  for (const [key, plurals] of positions) expect([key, plurals]).toEqual([key, [...plurals].sort()])
  for (const group of new Set(resources.map(resource => resource.group))) {
    const versions = [...positions.keys()]
      .filter(key => key.startsWith(`${group} `))
      .map(key => key.split(' ')[1])
    expect(versions).toEqual(versionOrder.filter(version => versions.includes(version)))
  }
})
