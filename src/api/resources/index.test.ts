import { expect, test } from 'vitest'
import { readOperations } from '../../../scripts/schema/operations.ts'
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

/** What upstream's description says of each resource, from its operations. */
function upstream() {
  const found = new Map<
    string,
    { namespaced: boolean; writes: Set<string>; beneath: Map<string, Set<string>> }
  >()
  const root = String.raw`^/(?:api/(v1)|apis/([^/]+)/(v\d+))/`
  const rest = String.raw`(namespaces/\{namespace\}/)?([a-z]+)(/\{name\})?(?:/([a-z]+))?(?:/\{path\})?$`
  const path = new RegExp(root + rest)
  for (const operation of readOperations()) {
    const match = path.exec(operation.path)
    if (!match) continue
    const [, core, group = '', version, namespaced, resource, named, subresource] = match
    const key = `${group} ${core ?? version} ${resource}`
    const entry = found.get(key) ?? { namespaced: false, writes: new Set(), beneath: new Map() }
    found.set(key, entry)
    if (namespaced) entry.namespaced = true
    if (subresource) {
      const methods = entry.beneath.get(subresource) ?? new Set()
      entry.beneath.set(subresource, methods.add(operation.method))
    } else {
      entry.writes.add(`${operation.method}${named ? ' one' : ''}`)
    }
  }
  return found
}

const methods: Readonly<Record<string, string>> = {
  create: 'post',
  delete: 'delete one',
  deletecollection: 'delete',
  get: 'get one',
  list: 'get',
  patch: 'patch one',
  update: 'put one',
}
const known = upstream()

test.each(
  resources.map(resource => [`${resource.group} ${resource.version} ${resource.resource}`, resource]),
)('Resource %s is served as upstream serves it', (key, resource) => {
  const expected = known.get(key as string)
  const served = resource as (typeof resources)[number]
  expect(expected?.namespaced).toBe(served.namespaced)
  const verbs = served.verbs.flatMap(verb => methods[verb] ?? [])
  expect(verbs.sort()).toEqual([...expected!.writes].sort())
  const subresources = [
    ...(served.hasStatus ? ['status'] : []),
    ...served.subresources.map(({ name }) => name),
  ]
  expect(subresources.sort()).toEqual([...expected!.beneath.keys()].sort())
})

test('Every stable resource of upstream is served', () => {
  const served = new Set(resources.map(({ group, version, resource }) => `${group} ${version} ${resource}`))
  expect([...known.keys()].filter(key => !served.has(key))).toEqual([])
  expect(served.size).toBe(68)
})
