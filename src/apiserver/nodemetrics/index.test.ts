import { afterEach, expect, test } from 'vitest'
import type { NodeUsage, Usage } from '../../api/kubeletapi.ts'
import { fakeKubelet } from '../../streaming/kubelet.fake.ts'
import { openTestServer } from '../apiserver.fake.ts'
import { rateOf } from './usagesampler.ts'

let api: Awaited<ReturnType<typeof openTestServer>>
afterEach(() => api.close())

const startMs = Date.UTC(2026, 0, 1, 12)
const second = 1e9

/** Two nodes, of which one answers, and a Pod that uses a quarter of a processor from its start on. */
async function start() {
  const usage = (nowMs: number): NodeUsage => {
    const seconds = (nowMs - startMs) / 1000 + 100
    const startedAt = '2026-01-01T11:58:20Z'
    const shared = { timeMs: nowMs, startedAt, memoryWorkingSetBytes: 2_097_152 }
    return {
      node: { ...shared, cpuNanoseconds: seconds * second },
      pods: [
        {
          uid,
          namespace: 'default',
          name: 'p',
          containers: [{ ...shared, name: 'c', cpuNanoseconds: (seconds * second) / 4 }],
        },
      ],
    }
  }
  let asked = 0
  let uid = ''
  const kubelet = {
    ...fakeKubelet(),
    async usage() {
      asked++
      return usage(api.clock.now())
    },
  }
  api = await openTestServer({
    async kubelet(name) {
      if (name === 'n1') return kubelet
      throw new Error('it cannot be reached')
    },
  })
  const core = '/api/v1/namespaces/default'
  await api.ask(`POST ${core}/serviceaccounts`, { metadata: { name: 'default' } })
  for (const name of ['n1', 'n2'])
    await api.ask('POST /api/v1/nodes', { metadata: { name, labels: { name } } })
  const made = await api.ask(`POST ${core}/pods`, {
    metadata: { name: 'p', labels: { app: 'web' } },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
  })
  uid = made.body.metadata?.uid as string
  await api.ask(`POST ${core}/pods`, {
    metadata: { name: 'q' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  })
  return { asked: () => asked }
}

test('What Pods and nodes use is told as metrics-server tells it', async () => {
  await start()
  const pods = await api.ask('GET /apis/metrics.k8s.io/v1beta1/namespaces/default/pods')
  expect(pods.body).toMatchObject({
    kind: 'PodMetricsList',
    apiVersion: 'metrics.k8s.io/v1beta1',
    items: [
      {
        metadata: { name: 'p', namespace: 'default', labels: { app: 'web' } },
        timestamp: '2026-01-01T12:00:00Z',
        window: '100s',
        containers: [{ name: 'c', usage: { cpu: '250000000n', memory: '2048Ki' } }],
      },
    ],
  })
  const node = await api.ask('GET /apis/metrics.k8s.io/v1beta1/nodes/n1')
  expect(node.body).toMatchObject({ kind: 'NodeMetrics', usage: { cpu: '1000000000n', memory: '2048Ki' } })
})

test('A node that cannot be asked, and a Pod that does not run, have no metrics', async () => {
  await start()
  const all = await api.ask('GET /apis/metrics.k8s.io/v1beta1/nodes')
  expect((all.body.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name)).toEqual([
    'n1',
  ])
  expect((await api.ask('GET /apis/metrics.k8s.io/v1beta1/nodes/n2')).status).toBe(404)
  const pod = await api.ask('GET /apis/metrics.k8s.io/v1beta1/namespaces/default/pods/q')
  expect([pod.status, pod.body.message]).toEqual([404, 'pods.metrics.k8s.io "default/q" not found'])
  const none = await api.ask('GET /apis/metrics.k8s.io/v1beta1/pods?labelSelector=app%3Dother')
  expect(none.body.items).toEqual([])
})

test('Kubelets are not asked more often than says something; two samples make a rate', async () => {
  const { asked } = await start()
  const window = async () => {
    const { body } = await api.ask('GET /apis/metrics.k8s.io/v1beta1/nodes/n1')
    return (body as { window?: string }).window
  }
  expect([await window(), await window(), asked()]).toEqual(['100s', '100s', 1])
  await api.clock.advance(15_000)
  expect([await window(), asked()]).toEqual(['15s', 2])
})

test('The group can be discovered, and its kinds only be read', async () => {
  await start()
  const { body } = await api.ask('GET /apis/metrics.k8s.io/v1beta1')
  expect(
    (body.resources as { name: string; verbs: string[] }[]).map(({ name, verbs }) => [name, verbs]),
  ).toEqual([
    ['nodes', ['get', 'list']],
    ['pods', ['get', 'list']],
  ])
  expect((await api.ask('DELETE /apis/metrics.k8s.io/v1beta1/nodes/n1')).status).toBe(405)
})

test('A container that was started anew is measured from its start', () => {
  const usage = (timeMs: number, cpuNanoseconds: number, startedAt: string): Usage => ({
    timeMs: startMs + timeMs,
    startedAt,
    cpuNanoseconds,
    memoryWorkingSetBytes: 0,
  })
  const before = usage(0, 900 * second, '2026-01-01T11:00:00Z')
  expect(rateOf(usage(10_000, second, '2026-01-01T12:00:05Z'), before)).toMatchObject({
    windowMs: 5000,
    cpuNanocores: 200_000_000,
  })
})
