import { expect, test } from 'vitest'
import type { Deployment } from '../api/generated/types.ts'
import { maxRevision, newSetAnnotations, revisionAnnotation, templateHash } from './revisions.ts'

const deployment: Deployment = {
  metadata: {
    name: 'web',
    annotations: {
      [revisionAnnotation]: '7',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      'kubernetes.io/change-cause': 'because',
    },
  },
  spec: { replicas: 4, selector: {}, template: {} },
}
const history = 'deployment.kubernetes.io/revision-history'

test('A new ReplicaSet gets the annotations of its Deployment, its revision and its share', () => {
  expect(newSetAnnotations(deployment, undefined, 8n)).toEqual({
    'kubernetes.io/change-cause': 'because',
    [revisionAnnotation]: '8',
    'deployment.kubernetes.io/desired-replicas': '4',
    'deployment.kubernetes.io/max-replicas': '5',
  })
})

test('A ReplicaSet that becomes the new one again remembers its earlier revisions', () => {
  const second = newSetAnnotations(deployment, { [revisionAnnotation]: '1' }, 8n)
  expect(second).toMatchObject({ [revisionAnnotation]: '8', [history]: '1' })
  expect(newSetAnnotations(deployment, second, 9n)).toMatchObject({
    [revisionAnnotation]: '9',
    [history]: '1,8',
  })
  const long = Array.from({ length: 500 }, (_, i) => 1000 + i).join(',')
  const shortened = newSetAnnotations(deployment, { [revisionAnnotation]: '2000', [history]: long }, 2001n)[
    history
  ]
  expect(shortened?.length).toBeLessThanOrEqual(2000)
  expect(shortened?.endsWith('1499,2000')).toBe(true)
})

test('A revision never goes back', () => {
  expect(newSetAnnotations(deployment, { [revisionAnnotation]: '9' }, 3n)[revisionAnnotation]).toBe('9')
  expect(maxRevision([])).toBe(0n)
})

test('A revision is a whole number of 64 bits, and nothing of it is lost', () => {
  const sets = ['7', '3546343826724305832', 'x', '-1'].map(revision => ({
    metadata: { name: revision, annotations: { [revisionAnnotation]: revision } },
  }))
  expect(maxRevision(sets)).toBe(3546343826724305832n)
  expect(newSetAnnotations(deployment, {}, maxRevision(sets) + 1n)[revisionAnnotation]).toBe(
    '3546343826724305833',
  )
})

test('The hash of a template does not depend on the order of its fields, but on everything else', () => {
  const a = { metadata: { labels: { a: '1', b: '2' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const b = { spec: { containers: [{ image: 'i', name: 'c' }] }, metadata: { labels: { b: '2', a: '1' } } }
  expect(templateHash(a, undefined)).toBe(templateHash(b, undefined))
  expect(templateHash(a, undefined)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{8,10}$/)
  expect(templateHash(a, 1)).not.toBe(templateHash(a, undefined))
  expect(templateHash({ ...a, metadata: {} }, undefined)).not.toBe(templateHash(a, undefined))
})
