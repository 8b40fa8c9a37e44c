import { expect, test } from 'vitest'
import { compileLabelSelector, compileNodeSelectorTerms } from './selectors.ts'
import { testNode } from './testobjects.fake.ts'

test.each([
  [undefined, false],
  [{}, true],
  [{ matchLabels: { app: 'web' } }, true],
  [{ matchLabels: { app: 'db' } }, false],
  [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'db'] }] }, true],
  [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x'] }] }, true],
  [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, false],
  [{ matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, true],
])('A label selector %j on app=web: %s', (selector, expected) => {
  expect(compileLabelSelector(selector)({ app: 'web' })).toBe(expected)
})

test.each([
  [[], false],
  [[{}], false],
  [[{ matchExpressions: [{ key: 'cpus', operator: 'Gt', values: ['7'] }] }], true],
  [[{ matchExpressions: [{ key: 'cpus', operator: 'Lt', values: ['8'] }] }], false],
  [[{ matchExpressions: [{ key: 'disk', operator: 'Gt', values: ['1'] }] }], false],
  [[{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }], true],
  [[{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }], false],
  [[{}, { matchExpressions: [{ key: 'cpus', operator: 'Exists' }] }], true],
])('Node selector terms %j: %s', (terms, expected) => {
  const node = testNode('n1', { labels: { cpus: '8', disk: 'ssd' } })
  expect(compileNodeSelectorTerms(terms)(node)).toBe(expected)
})
