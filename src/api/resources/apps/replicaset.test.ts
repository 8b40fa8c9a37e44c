import { expect, test } from 'vitest'
import type { ReplicaSet } from '../../generated/types.ts'
import { replicaSets } from './replicaset.ts'

const replicaSet = (): ReplicaSet => ({
  metadata: { name: 'web-1' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'x:1' }] },
    },
  },
})

test('a ReplicaSet wants one Pod unless it says otherwise, and has none at first', () => {
  const object = replicaSet()
  replicaSets.default!(object)
  replicaSets.prepareForCreate!(object)
  expect([object.spec?.replicas, object.status]).toEqual([1, { replicas: 0 }])
  expect(replicaSets.validate!(object)).toEqual([])
  expect(replicaSets.selectableFields!['status.replicas']!(object)).toBe('0')
})

test('its selector never changes and its counts fit together', () => {
  const changed = replicaSet()
  changed.spec!.selector = { matchLabels: { app: 'b' } }
  expect(replicaSets.validateUpdate!(changed, replicaSet()).map(error => error.field)).toEqual([
    'spec.selector',
  ])
  changed.status = { replicas: 1, fullyLabeledReplicas: 2, readyReplicas: -1 }
  const errors = replicaSets.validateStatusUpdate!(changed, replicaSet())
  expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual([
    'status.readyReplicas: Invalid value: -1: must be greater than or equal to 0',
    'status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 0: cannot be greater than readyReplicas',
  ])
})

test('the row counts', () => {
  const object = replicaSet()
  replicaSets.default!(object)
  object.status = { replicas: 3, readyReplicas: 2 }
  expect(replicaSets.columns!.map(column => column.cell(object, 0))).toEqual([
    'web-1',
    1,
    3,
    2,
    '<unknown>',
    'c',
    'x:1',
    'app=web',
  ])
})
