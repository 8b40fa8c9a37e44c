import { expect, test } from 'vitest'
import type { Pod } from '../../api/generated/types.ts'
import { filterNode, preparePlugins } from '../schedule.ts'
import {
  type NodeShape,
  type PodShape,
  pending,
  testNode,
  testPod,
  testSnapshot,
} from '../testobjects.fake.ts'
import { schedulerPlugins } from './index.ts'
import { tolerates } from './tainttoleration.ts'

/** Per node, why it is not for the Pod; empty when it is. */
function verdicts(
  pod: PodShape,
  nodes: Record<string, NodeShape>,
  placed: Record<string, Pod[]> = {},
): string[] {
  const snapshot = testSnapshot(
    Object.entries(nodes).map(([name, shape]) => testNode(name, shape)),
    placed,
  )
  const prepared = preparePlugins(schedulerPlugins, pending('p', pod), snapshot)
  return snapshot.nodes.map(node => filterNode(node, prepared)?.reasons.join(', ') ?? '')
}

function scores(plugin: string, pod: PodShape, nodes: Record<string, NodeShape>, placed = {}): number[] {
  const snapshot = testSnapshot(
    Object.entries(nodes).map(([name, shape]) => testNode(name, shape)),
    placed,
  )
  const found = schedulerPlugins.find(({ name }) => name === plugin)
  const cycle = found?.prepare(pending('p', pod), snapshot)
  const result = snapshot.nodes.map(node => cycle?.score?.(node) ?? Number.NaN)
  cycle?.normalize?.(result, snapshot.nodes)
  return result
}

const noSchedule = { key: 'k', value: 'v', effect: 'NoSchedule' }
const zones = { a: { labels: { zone: 'a' } }, b: { labels: { zone: 'b' } } }
const web = { labels: { app: 'web' } }
const webSelector = { matchLabels: { app: 'web' } }

test.each([
  [{ key: 'k', value: 'v' }, true],
  [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoSchedule' }, true],
  [{ key: 'k', value: 'other' }, false],
  [{ key: 'k', operator: 'Exists' }, true],
  [{ operator: 'Exists' }, true],
  [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }, false],
  [{ operator: 'Equal', value: 'v' }, false],
])('The toleration %j tolerates the taint k=v:NoSchedule: %s', (toleration, expected) => {
  expect(tolerates(toleration, noSchedule)).toBe(expected)
})

test('Cordoned and tainted nodes take only Pods that tolerate it', () => {
  const nodes = { cordoned: { unschedulable: true }, tainted: { taints: [noSchedule] }, plain: {} }
  expect(verdicts({}, nodes)).toEqual(['node(s) were unschedulable', 'node(s) had untolerated taint(s)', ''])
  expect(verdicts({ tolerations: [{ operator: 'Exists' }] }, nodes)).toEqual(['', '', ''])
})

test('A node selector, required affinity and a node name say where to go', () => {
  const reason = "node(s) didn't match Pod's node affinity/selector"
  expect(verdicts({ nodeSelector: { zone: 'a' } }, zones)).toEqual(['', reason])
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }],
    },
  }
  expect(verdicts({ affinity: { nodeAffinity } }, zones)).toEqual([reason, ''])
  expect(verdicts({ nodeName: 'b' }, zones)).toEqual(["node(s) didn't match the requested node name", ''])
})

test('Resources and the number of Pods are limits', () => {
  const nodes = { small: { cpu: '1', memory: '1Gi' }, full: { pods: '1' }, big: {} }
  const placed = { full: [testPod('x')], small: [testPod('y', { cpu: '500m' })] }
  expect(verdicts({ cpu: '600m', memory: '2Gi' }, nodes, placed)).toEqual([
    'Insufficient cpu, Insufficient memory',
    'Too many pods',
    '',
  ])
})

test('A host port can be had once per node', () => {
  const containers = [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }]
  expect(verdicts({ containers }, { a: {}, b: {} }, { a: [testPod('x', { containers })] })).toEqual([
    "node(s) didn't have free ports for the requested pod ports",
    '',
  ])
})

test('A hard spread constraint keeps the difference between domains within maxSkew', () => {
  const constraint = {
    maxSkew: 1,
    topologyKey: 'zone',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: webSelector,
  }
  const placed = { a: [testPod('x', web)] }
  expect(verdicts({ ...web, topologySpreadConstraints: [constraint] }, { ...zones, c: {} }, placed)).toEqual([
    "node(s) didn't match pod topology spread constraints",
    '',
    "node(s) didn't match pod topology spread constraints (missing required label)",
  ])
  const minDomains = { ...constraint, minDomains: 3 }
  expect(
    verdicts({ ...web, topologySpreadConstraints: [minDomains] }, zones, { ...placed, b: placed.a })[1],
  ).toBe("node(s) didn't match pod topology spread constraints")
})

test('A soft spread constraint prefers the emptier domain', () => {
  const constraint = {
    maxSkew: 1,
    topologyKey: 'zone',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: webSelector,
  }
  const pod = { ...web, topologySpreadConstraints: [constraint] }
  const placed = { a: [testPod('x', web), testPod('y', web)] }
  expect(scores('PodTopologySpread', pod, zones, placed)).toEqual([0, 100])
})

const near = { labelSelector: webSelector, topologyKey: 'zone' }

test('Affinity needs a matching Pod in the domain, unless the Pod is the first of its kind', () => {
  const podAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [near] }
  const pod = { affinity: { podAffinity } }
  const reason = "node(s) didn't match pod affinity rules"
  expect(verdicts(pod, zones)).toEqual([reason, reason])
  expect(verdicts({ ...pod, ...web }, zones)).toEqual(['', ''])
  expect(verdicts(pod, zones, { b: [testPod('x', web)] })).toEqual([reason, ''])
  expect(verdicts(pod, zones, { b: [testPod('x', { ...web, namespace: 'other' })] })).toEqual([
    reason,
    reason,
  ])
})

test('Anti-affinity works in both directions', () => {
  const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [near] }
  const pod = { affinity: { podAntiAffinity } }
  expect(verdicts(pod, zones, { a: [testPod('x', web)] })).toEqual([
    "node(s) didn't match pod anti-affinity rules",
    '',
  ])
  expect(verdicts(web, zones, { a: [testPod('x', pod)] })).toEqual([
    "node(s) didn't satisfy existing pods anti-affinity rules",
    '',
  ])
})

test('A namespace selector widens a term to other namespaces', () => {
  const term = { ...near, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } }
  const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [term] }
  const placed = { a: [testPod('x', { ...web, namespace: 'other' })], b: [testPod('y', web)] }
  expect(verdicts({ affinity: { podAntiAffinity } }, zones, placed)).toEqual([
    "node(s) didn't match pod anti-affinity rules",
    '',
  ])
})

test('Preferences are scores from 0 to 100', () => {
  const preference = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] }
  const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 3, preference }] }
  expect(scores('NodeAffinity', { affinity: { nodeAffinity } }, zones)).toEqual([0, 100])
  const podAffinity = {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, podAffinityTerm: near }],
  }
  expect(
    scores('InterPodAffinity', { affinity: { podAffinity } }, zones, { a: [testPod('x', web)] }),
  ).toEqual([100, 0])
  const prefer = { key: 'k', effect: 'PreferNoSchedule' }
  expect(scores('TaintToleration', {}, { a: { taints: [prefer] }, b: {} })).toEqual([0, 100])
  expect(scores('NodeResourcesFit', { cpu: '1', memory: '4Gi' }, { a: {}, b: { cpu: '2' } })).toEqual([
    62, 50,
  ])
  expect(
    scores('NodeResourcesBalancedAllocation', { cpu: '2', memory: '4Gi' }, { a: {}, b: { cpu: '2' } }),
  ).toEqual([100, 75])
})
