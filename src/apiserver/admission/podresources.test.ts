import { expect, test } from 'vitest'
import { podAmounts } from './podresources.ts'

test('A Pod asks for the sum of its containers, or for its greediest init container', () => {
  const container = (name: string, cpu: string, more = {}) => ({
    name,
    resources: { requests: { cpu, ...more } },
  })
  expect(
    podAmounts({
      containers: [container('a', '500m', { memory: '1Gi' }), container('b', '1')],
      initContainers: [container('i', '1'), container('j', '250m', { storage: '1Gi' })],
    }),
  ).toEqual({ requests: { cpu: '1500m', storage: '1Gi' }, limits: {} })
  expect(podAmounts({ containers: [container('a', '1')], initContainers: [container('i', '2')] })).toEqual({
    requests: { cpu: '2' },
    limits: {},
  })
  expect(podAmounts(undefined)).toEqual({ requests: {}, limits: {} })
})
