import { expect, test } from 'vitest'
import type { PolicyRule, RbacV1Subject, RoleRef } from '../../generated/types.ts'
import { validateBinding } from './binding.ts'
import { clusterRoles } from './clusterrole.ts'
import { validateRules } from './role.ts'

const group = 'rbac.authorization.k8s.io'
const told = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)

const both = 'rules cannot apply to both regular resources and non-resource URLs'
const inside = 'namespaced rules cannot apply to non-resource URLs'

test.each<[string, PolicyRule, string[], string[]]>([
  [
    'paths',
    { verbs: ['get'], nonResourceURLs: ['/a'] },
    [],
    [`rules[0].nonResourceURLs: Invalid value: ["/a"]: ${inside}`],
  ],
  [
    'paths and resources',
    { verbs: ['get'], nonResourceURLs: ['/a'], resourceNames: ['b'] },
    [`rules[0].nonResourceURLs: Invalid value: ["/a"]: ${both}`],
    [
      `rules[0].nonResourceURLs: Invalid value: ["/a"]: ${inside}`,
      `rules[0].nonResourceURLs: Invalid value: ["/a"]: ${both}`,
    ],
  ],
  [
    'nothing',
    { verbs: [] },
    [
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ],
    [
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ],
  ],
])(
  'A rule about %s is checked as Kubernetes does, for the cluster and in a namespace',
  (_, rule, cluster, namespaced) => {
    expect(told(validateRules([rule], false))).toEqual(cluster)
    expect(told(validateRules([rule], true))).toEqual(namespaced)
  },
)

test('An aggregated role selects something, with selectors that can be', () => {
  const errorsOf = (clusterRoleSelectors: object[]) =>
    clusterRoles.validate!({ metadata: { name: 'a' }, aggregationRule: { clusterRoleSelectors } })
  expect(told(errorsOf([]))).toEqual([
    'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if ' +
      'aggregationRule is non-nil',
  ])
  expect(errorsOf([{ matchExpressions: [{ key: 'a', operator: 'Foo' }] }])).toHaveLength(1)
  expect(errorsOf([{ matchLabels: { a: 'b' } }])).toEqual([])
})

const view: RoleRef = { apiGroup: group, kind: 'ClusterRole', name: 'view' }
const errorsOf = (subject: RbacV1Subject, kinds = ['ClusterRole']) =>
  told(validateBinding({ metadata: { name: 'a' }, roleRef: view, subjects: [subject] }, kinds))

test.each<[RbacV1Subject, string[]]>([
  [{ kind: 'ServiceAccount', name: 'x' }, ['subjects[0].namespace: Required value']],
  [
    { kind: 'ServiceAccount', apiGroup: group, name: 'x', namespace: 'a' },
    [`subjects[0].apiGroup: Unsupported value: "${group}": supported values: ""`],
  ],
  [
    { kind: 'User', apiGroup: 'x', name: 'x' },
    [`subjects[0].apiGroup: Unsupported value: "x": supported values: "${group}"`],
  ],
  [{ kind: 'Group', apiGroup: group, name: '' }, ['subjects[0].name: Required value']],
  [
    { kind: 'Foo', name: 'x' },
    ['subjects[0].kind: Unsupported value: "Foo": supported values: "ServiceAccount", "User", "Group"'],
  ],
  [{ kind: 'User', apiGroup: group, name: 'a b/c' }, []],
])('The subject %j is told what is wrong', (subject, errors) => {
  expect(errorsOf(subject)).toEqual(errors)
})

test('In a namespace an account may leave its own out; its name is one that accounts can have', () => {
  expect(errorsOf({ kind: 'ServiceAccount', name: 'x' }, ['Role', 'ClusterRole'])).toEqual([])
  const [error] = errorsOf({ kind: 'ServiceAccount', name: 'X_', namespace: 'a' })
  expect(error).toContain('subjects[0].name: Invalid value: "X_": a lowercase RFC 1123 subdomain')
})

test('A reference names a role that there can be', () => {
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name: 'a/b' }
  expect(told(validateBinding({ metadata: { name: 'a' }, roleRef }, ['ClusterRole']))).toEqual([
    'roleRef.name: Invalid value: "a/b": may not contain \'/\'',
  ])
})
