import { expect, test } from 'vitest'
import type { Pod } from '../../../generated/types.ts'
import { applyLabelKeys } from './labelkeys.ts'

test("the Pod's own labels are written into the selectors of affinity and spreading", () => {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution'
  const pod: Pod = {
    metadata: { labels: { app: 'web', hash: 'x' } },
    spec: {
      containers: [],
      affinity: {
        podAffinity: {
          [required]: [
            {
              topologyKey: 'zone',
              labelSelector: { matchLabels: { a: 'b' } },
              matchLabelKeys: ['app', 'missing'],
              mismatchLabelKeys: ['hash'],
            },
            { topologyKey: 'zone', matchLabelKeys: ['app'] },
          ],
        },
      },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: {},
          matchLabelKeys: ['hash'],
        },
      ],
    },
  }
  applyLabelKeys(pod)
  expect(pod.spec?.affinity?.podAffinity?.[required]?.map(term => term.labelSelector)).toEqual([
    {
      matchLabels: { a: 'b' },
      matchExpressions: [
        { key: 'app', operator: 'In', values: ['web'] },
        { key: 'hash', operator: 'NotIn', values: ['x'] },
      ],
    },
    undefined,
  ])
  expect(pod.spec?.topologySpreadConstraints?.[0]?.labelSelector).toEqual({
    matchExpressions: [{ key: 'hash', operator: 'In', values: ['x'] }],
  })
})
