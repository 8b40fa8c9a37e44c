import { expect, test } from 'vitest'
import type { ClusterRole, PolicyRule } from '../../generated/types.ts'
import { aggregatedRules } from './aggregation.ts'

const reading = (resource: string): PolicyRule => ({
  apiGroups: [''],
  resources: [resource],
  verbs: ['get'],
})
const role = (name: string, labels: Record<string, string>, rules: PolicyRule[]): ClusterRole => ({
  metadata: { name, labels },
  rules,
})
const whole = {
  metadata: { name: 'whole', labels: { part: 'true' } },
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'true' } }] },
  rules: [reading('nodes')],
}

test('It grants what the selected roles grant, by name, each rule once, and nothing of its own', () => {
  const all = [
    role('b', { part: 'true' }, [reading('pods'), reading('secrets')]),
    role('a', { part: 'true' }, [reading('services'), reading('pods')]),
    role('c', {}, [reading('events')]),
    whole,
  ]
  expect(aggregatedRules(whole, all)).toEqual([reading('services'), reading('pods'), reading('secrets')])
})

test('Without a selector it grants nothing', () => {
  expect(aggregatedRules({ metadata: { name: 'none' } }, [whole])).toEqual([])
})
