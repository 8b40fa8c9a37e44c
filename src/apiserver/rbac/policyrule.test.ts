import { expect, test } from 'vitest'
import type { PolicyRule } from '../../api/generated/types.ts'
import { type AccessAttributes, compact, formatRule, ruleAllows, uncovered } from './policyrule.ts'

const wants = (wanted: Partial<AccessAttributes>): AccessAttributes => ({
  verb: 'get',
  isResourceRequest: true,
  group: '',
  resource: 'pods',
  subresource: '',
  name: '',
  namespace: '',
  path: '',
  ...wanted,
})
const pods: PolicyRule = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }

test.each<[string, PolicyRule, Partial<AccessAttributes>, boolean]>([
  ['the verb, group and resource it names', pods, {}, true],
  ['no other verb', pods, { verb: 'delete' }, false],
  ['no other group', pods, { group: 'apps' }, false],
  ['no subresource it does not name', pods, { subresource: 'log' }, false],
  ['a subresource by name', { ...pods, resources: ['pods/log'] }, { subresource: 'log' }, true],
  ['a subresource of everything', { ...pods, resources: ['*/scale'] }, { subresource: 'scale' }, true],
  [
    'everything with stars',
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { subresource: 'log' },
    true,
  ],
  ['names it lists', { ...pods, resourceNames: ['a'] }, { name: 'a' }, true],
  ['no other names', { ...pods, resourceNames: ['a'] }, { name: 'b' }, false],
  ['no list when it lists names', { ...pods, resourceNames: ['a'] }, { verb: 'list' }, false],
  [
    'paths below a prefix',
    { nonResourceURLs: ['/healthz/*'], verbs: ['get'] },
    { isResourceRequest: false, path: '/healthz/ping' },
    true,
  ],
  [
    'no other paths',
    { nonResourceURLs: ['/healthz'], verbs: ['get'] },
    { isResourceRequest: false, path: '/metrics' },
    false,
  ],
])('A rule allows %s', (_, rule, wanted, expected) => {
  expect(ruleAllows(rule, wants(wanted))).toBe(expected)
})

test('What is not covered is named in pieces, joined by verb', () => {
  const wanted: PolicyRule = {
    apiGroups: ['', 'apps'],
    resources: ['pods', 'secrets'],
    verbs: ['get', 'list'],
  }
  const missing = compact(uncovered([pods, { ...pods, apiGroups: ['apps'], resources: ['*'] }], [wanted]))
  expect(missing).toEqual([{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }])
  expect(missing.map(formatRule)).toEqual(['{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'])
})

test('A rule for some names covers no rule for all names', () => {
  const some = { ...pods, resourceNames: ['a'] }
  expect(uncovered([some], [pods])).toHaveLength(2)
  expect(uncovered([pods], [some])).toEqual([])
  expect(uncovered([some], [{ ...pods, resourceNames: ['a', 'b'] }])).toEqual([
    { ...pods, verbs: ['get'], resourceNames: ['b'] },
    { ...pods, verbs: ['list'], resourceNames: ['b'] },
  ])
})

test('A prefix of paths covers a path and a narrower prefix', () => {
  const owned: PolicyRule = { nonResourceURLs: ['/a/*'], verbs: ['get'] }
  expect(uncovered([owned], [{ nonResourceURLs: ['/a/b', '/a/b/*'], verbs: ['get'] }])).toEqual([])
  expect(uncovered([owned], [{ nonResourceURLs: ['*'], verbs: ['get'] }])).toHaveLength(1)
})
