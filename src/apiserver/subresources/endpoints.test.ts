import { describe, expect, test } from 'vitest'
import type { Deployment, Pod, Scale } from '../../api/generated/types.ts'
import { defineResource, type Resource } from '../../api/resource.ts'
import { context, openTestRegistries, pods } from '../registry/registries.fake.ts'
import { createSubresources } from './index.ts'

const deployments = defineResource<Deployment & { metadata: object }>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
})
const budgets = defineResource({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  resource: 'poddisruptionbudgets',
  namespaced: true,
  hasStatus: true,
})
const inDefault = { namespace: 'default' }

async function start() {
  const { registry, lookup, clock } = await openTestRegistries({ resources: [pods, deployments, budgets] })
  const subresources = createSubresources({ lookup, clock })
  const call = (resource: Resource, name: string) => ({
    context,
    registry: registry(resource),
    name,
    namespace: 'default',
    dryRun: false,
  })
  return { registry, clock, subresources, call }
}

describe('scale', () => {
  async function withDeployment() {
    const started = await start()
    const spec = { replicas: 2, selector: { matchLabels: { app: 'web' } } }
    const object = { metadata: { name: 'web' }, spec } as never
    await started.registry(deployments).create(context, object, inDefault)
    return { ...started, scale: started.subresources(deployments, 'scale')! }
  }

  test('shows wanted and present replicas, and the selector as text', async () => {
    const { scale, call } = await withDeployment()
    expect(await scale.get!(call(deployments, 'web'))).toEqual({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: {
        name: 'web',
        namespace: 'default',
        uid: expect.any(String),
        resourceVersion: '2',
        creationTimestamp: '2026-01-01T12:00:00Z',
      },
      spec: { replicas: 2 },
      status: { replicas: 0, selector: 'app=web' },
    })
  })

  test('changes the replicas and nothing else', async () => {
    const { scale, call, registry } = await withDeployment()
    const result = await scale.update!(call(deployments, 'web'), {
      transform: current => ({ ...current!, spec: { replicas: 5 } }) as never,
    })
    expect(result).toMatchObject({ metadata: { resourceVersion: '3' }, spec: { replicas: 5 } })
    const { object } = await registry(deployments).get(context, 'default', 'web')
    expect(object).toMatchObject({
      kind: 'Deployment',
      metadata: { generation: 2 },
      spec: { replicas: 5, selector: { matchLabels: { app: 'web' } } },
    })
  })

  test('of what is not there is not found by its own name', async () => {
    const { scale, call } = await withDeployment()
    const message = 'deployments/scale.apps "db" not found'
    await expect(scale.get!(call(deployments, 'db'))).rejects.toMatchObject({ code: 404, message })
    const update = scale.update!(call(deployments, 'db'), { transform: current => current! })
    await expect(update).rejects.toMatchObject({ message: 'deployments.apps "db" not found' })
  })

  test('refuses a negative number and an old version', async () => {
    const { scale, call } = await withDeployment()
    const update = (change: Partial<Scale>) =>
      scale.update!(call(deployments, 'web'), { transform: current => ({ ...current!, ...change }) as never })
    await expect(update({ spec: { replicas: -1 } })).rejects.toMatchObject({
      code: 422,
      message:
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    })
    await expect(update({ metadata: { name: 'web', resourceVersion: '1' } })).rejects.toMatchObject({
      code: 409,
      message: expect.stringContaining('deployments.apps "web": the object has been modified'),
    })
  })
})

describe('binding', () => {
  test('puts a Pod on a node, once', async () => {
    const { subresources, call, registry } = await start()
    await registry(pods).create(
      context,
      { metadata: { name: 'a' }, spec: { containers: [] } } as never,
      inDefault,
    )
    const binding = subresources(pods, 'binding')!
    const bind = (node: string) =>
      binding.create!(call(pods, 'a'), {
        metadata: { name: 'a', annotations: { by: 'me' } },
        target: { kind: 'Node', name: node },
      } as never)
    expect(await bind('n1')).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      code: 201,
    })
    const { object } = await registry(pods).get(context, 'default', 'a')
    expect(object).toMatchObject({
      metadata: { annotations: { by: 'me' } },
      spec: { nodeName: 'n1' },
      status: {
        conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T12:00:00Z' }],
      },
    })
    await expect(bind('n2')).rejects.toMatchObject({
      code: 409,
      message: 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n1"',
    })
  })
})

describe('eviction', () => {
  const evict = { metadata: { name: 'a' } }
  const running = {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
  }

  async function withPod() {
    const started = await start()
    const { registry, subresources, call } = started
    const pod = { metadata: { name: 'a', labels: { app: 'web' } }, spec: { nodeName: 'n', containers: [] } }
    await registry(pods).create(context, pod as never, inDefault)
    await registry(pods).update(
      context,
      { ...inDefault, name: 'a' },
      {
        subresource: 'status',
        transform: current => ({ ...current!, status: running }) as never,
      },
    )
    const get = async () => (await registry(pods).get(context, 'default', 'a')).object as Pod
    const eviction = () => subresources(pods, 'eviction')!.create!(call(pods, 'a'), { ...evict })
    const budget = async (name: string, disruptionsAllowed: number) => {
      const spec = { selector: { matchLabels: { app: 'web' } } }
      await registry(budgets).create(context, { metadata: { name }, spec } as never, inDefault)
      await registry(budgets).update(
        context,
        { ...inDefault, name },
        {
          subresource: 'status',
          transform: current =>
            ({
              ...current!,
              status: { disruptionsAllowed, desiredHealthy: 1, currentHealthy: 1 + disruptionsAllowed },
            }) as never,
        },
      )
    }
    return { ...started, get, eviction, budget }
  }

  test('without a budget deletes the Pod gracefully and says why', async () => {
    const { get, eviction } = await withPod()
    expect(await eviction()).toMatchObject({ status: 'Success', code: 201 })
    expect(await get()).toMatchObject({
      metadata: { deletionGracePeriodSeconds: 30 },
      status: {
        conditions: [{ type: 'Ready' }, { type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }],
      },
    })
  })

  test('spends the budget, and is refused when nothing is left of it', async () => {
    const { get, eviction, budget, registry } = await withPod()
    await budget('b', 0)
    await expect(eviction()).rejects.toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: 'The disruption budget b needs 1 healthy pods and has 1 currently',
          },
        ],
      },
    })
    await registry(budgets).delete(context, { ...inDefault, name: 'b' }, {})
    await budget('c', 1)
    await eviction()
    expect((await registry(budgets).get(context, 'default', 'c')).object).toMatchObject({
      status: { disruptionsAllowed: 0, disruptedPods: { a: '2026-01-01T12:00:00Z' } },
    })
    expect((await get()).metadata!.deletionTimestamp).toBeDefined()
  })
})
