import { expect, test } from 'vitest'
import type { LocalSubjectAccessReview, SubjectAccessReviewSpec } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import { checkLocalReview, checkReview, checkSelfReview } from './reviewvalidation.ts'

const pods = { verb: 'get', resource: 'pods' }
const told = (check: () => void): string => {
  try {
    check()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}
const review = (spec: SubjectAccessReviewSpec, metadata: object = {}) =>
  told(() => checkReview({ metadata } as KubeObject, spec))
const local = (spec: SubjectAccessReviewSpec) =>
  told(() => checkLocalReview({ metadata: { namespace: 'a' }, spec } as LocalSubjectAccessReview, 'a'))

const start = 'SubjectAccessReview.authorization.k8s.io "" is invalid: '

test('A review is about one thing, and somebody', () => {
  expect(review({ user: 'jane', resourceAttributes: pods })).toBe('')
  expect(review({ groups: ['dev'], nonResourceAttributes: { path: '/a', verb: 'get' } })).toBe('')
  expect(review({})).toBe(
    `${start}[spec.resourceAttributes: Invalid value: "null": exactly one of nonResourceAttributes or ` +
      'resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must ' +
      'be specified]',
  )
  const nonResourceAttributes = { path: '/a', verb: 'get' }
  expect(review({ user: 'jane', resourceAttributes: pods, nonResourceAttributes })).toBe(
    `${start}spec.nonResourceAttributes: Invalid value: {"path":"/a","verb":"get"}: cannot be specified in ` +
      'combination with resourceAttributes',
  )
  expect(told(() => checkSelfReview({ metadata: {} }, {}))).toContain('Self')
})

test('A review has no name, no labels and no namespace', () => {
  for (const metadata of [{ name: 'a' }, { labels: { a: 'b' } }, { namespace: 'a' }]) {
    expect(review({ user: 'jane', resourceAttributes: pods }, metadata)).toBe(
      `${start}metadata: Invalid value: ${JSON.stringify(metadata)}: must be empty`,
    )
  }
  const kept = { creationTimestamp: '2026-01-01T00:00:00Z', managedFields: [], labels: {}, name: '' }
  expect(review({ user: 'jane', resourceAttributes: pods }, kept)).toBe('')
})

test('A local review is about its own namespace, and no paths', () => {
  expect(local({ user: 'jane', resourceAttributes: { ...pods, namespace: 'a' } })).toBe('')
  expect(local({ user: 'jane', resourceAttributes: { ...pods, namespace: 'b' } })).toBe(
    `Local${start}spec.resourceAttributes.namespace: Invalid value: "b": must match metadata.namespace`,
  )
  expect(local({ user: 'jane', nonResourceAttributes: { path: '/a', verb: 'get' } })).toContain(
    'disallowed on this kind of request',
  )
})

test('A list that is narrowed is described in one way', () => {
  const requirements = [{ key: 'metadata.name', operator: 'In', values: ['a'] }]
  const of = (fieldSelector: object) =>
    review({ user: 'jane', resourceAttributes: { ...pods, fieldSelector } as never })
  expect(of({ requirements })).toBe('')
  expect(of({ rawSelector: 'a=b' })).toBe('')
  const field = 'spec.resourceAttributes.fieldSelector'
  expect(of({})).toBe(
    `${start}${field}.requirements: Required value: when ${field} is specified, requirements or rawSelector is ` +
      'required',
  )
  expect(of({ rawSelector: 'a=b', requirements })).toBe(
    `${start}${field}.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements`,
  )
})
