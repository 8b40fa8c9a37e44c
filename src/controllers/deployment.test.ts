import { expect, test } from 'vitest'
import type { Deployment, DeploymentSpec } from '../api/generated/types.ts'
import { deploymentController } from './deployment.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { replicaSetController } from './replicaset.ts'
import { deployments, pods, replicaSets } from './resources.ts'
import { revisionAnnotation } from './revisions.ts'

const target = { namespace, name: 'web' }
const template = (image: string): DeploymentSpec['template'] => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
})
const deployment = (spec: Partial<DeploymentSpec> = {}): Deployment => ({
  metadata: { ...target, annotations: { 'kubernetes.io/change-cause': 'first' } },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    template: template('web:1'),
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 10,
    ...spec,
  },
})
const start = () => startControllers([deploymentController, replicaSetController()])
type World = Awaited<ReturnType<typeof start>>

/** Lets the Pods become ready again and again, until nothing moves any more. */
async function finish(world: World) {
  for (let i = 0; i < 20; i++) {
    await world.settle()
    await world.setPods(true)
  }
  await world.settle()
}
const sizes = async (world: World) =>
  Object.fromEntries(
    (await world.list(replicaSets)).map(set => [
      set.metadata.annotations?.[revisionAnnotation],
      set.spec?.replicas,
    ]),
  )
const conditions = (object: Deployment) =>
  object.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)

test('A new Deployment gets a ReplicaSet, Pods and, when they are ready, a complete status', async () => {
  const world = await start()
  await world.client.create(deployments, deployment())
  await world.settle()
  const [set] = await world.list(replicaSets)
  const hash = set?.metadata.labels?.['pod-template-hash'] ?? ''
  expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]+$/)
  expect(set?.metadata).toMatchObject({
    name: `web-${hash}`,
    labels: { app: 'web', 'pod-template-hash': hash },
    annotations: {
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
      'deployment.kubernetes.io/revision': '1',
      'kubernetes.io/change-cause': 'first',
    },
  })
  expect(set?.spec?.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash })
  const before = await world.client.get(deployments, target)
  expect(before.status).toMatchObject({ observedGeneration: 1, replicas: 3, updatedReplicas: 3 })
  expect(before.status?.unavailableReplicas).toBe(3)
  expect(conditions(before)).toEqual([
    'Available False MinimumReplicasUnavailable',
    'Progressing True ReplicaSetUpdated',
  ])
  await finish(world)
  const after = await world.client.get(deployments, target)
  expect(after.metadata.annotations?.[revisionAnnotation]).toBe('1')
  expect(after.status).toMatchObject({
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
  })
  expect(after.status?.unavailableReplicas).toBeUndefined()
  expect(conditions(after)).toEqual([
    'Available True MinimumReplicasAvailable',
    'Progressing True NewReplicaSetAvailable',
  ])
  expect(after.status?.conditions?.[1]?.message).toBe(`ReplicaSet "web-${hash}" has successfully progressed.`)
  expect((await world.events())[0]).toBe(`ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`)
  expect(world.problems).toEqual([])
})

test('A settled Deployment causes no more writes', async () => {
  const world = await start()
  await world.client.create(deployments, deployment())
  await finish(world)
  const before = world.server.requests.length
  const pod = (await world.list(pods))[0]!
  await world.client.updateStatus(pods, { ...pod, status: { ...pod.status, message: 'hello' } })
  await world.settle()
  expect(world.server.requests.slice(before).length).toBe(1)
})

test('A new image is rolled out within surge and availability', async () => {
  const world = await start()
  await world.client.create(deployments, deployment())
  await finish(world)
  await world.client.patch(deployments, target, { spec: { template: template('web:2') } })
  await world.settle()
  expect(await sizes(world)).toEqual({ 1: 3, 2: 1 })
  await world.setPods(true)
  await world.settle()
  expect(await sizes(world)).toEqual({ 1: 2, 2: 2 })
  await finish(world)
  expect(await sizes(world)).toEqual({ 1: 0, 2: 3 })
  expect((await world.list(pods)).map(pod => pod.spec?.containers[0]?.image)).toEqual([
    'web:2',
    'web:2',
    'web:2',
  ])
  expect(world.problems).toEqual([])
})

test('Going back to an earlier template reuses its ReplicaSet under a new revision', async () => {
  const world = await start()
  await world.client.create(deployments, deployment())
  await finish(world)
  await world.client.patch(deployments, target, { spec: { template: template('web:2') } })
  await finish(world)
  await world.client.patch(deployments, target, { spec: { template: template('web:1') } })
  await finish(world)
  expect(await sizes(world)).toEqual({ 2: 0, 3: 3 })
  const sets = await world.list(replicaSets)
  const reused = sets.find(set => set.metadata.annotations?.[revisionAnnotation] === '3')
  expect(reused?.metadata.annotations?.['deployment.kubernetes.io/revision-history']).toBe('1')
  const { metadata } = await world.client.get(deployments, target)
  expect(metadata.annotations?.[revisionAnnotation]).toBe('3')
})

test('Scaling resizes the ReplicaSet and says so', async () => {
  const world = await start()
  await world.client.create(deployments, deployment())
  await finish(world)
  await world.client.patch(deployments, target, { spec: { replicas: 5 } })
  await finish(world)
  expect(await sizes(world)).toEqual({ 1: 5 })
  await world.client.patch(deployments, target, { spec: { replicas: 1 } })
  await finish(world)
  const [set] = await world.list(replicaSets)
  const texts = (await world.events()).filter(text => text.startsWith('Scaling'))
  expect(texts.slice(1)).toEqual([
    `ScalingReplicaSet: Scaled up replica set ${set?.metadata.name} from 3 to 5`,
    `ScalingReplicaSet: Scaled down replica set ${set?.metadata.name} from 5 to 1`,
  ])
  expect((await world.list(pods)).length).toBe(1)
})

test('A paused Deployment scales but does not roll out, and goes on when resumed', async () => {
  const world = await start()
  await world.client.create(deployments, deployment())
  await finish(world)
  await world.client.patch(deployments, target, { spec: { paused: true, template: template('web:2') } })
  await finish(world)
  expect(await sizes(world)).toEqual({ 1: 3 })
  expect(conditions(await world.client.get(deployments, target))).toContain(
    'Progressing Unknown DeploymentPaused',
  )
  await world.client.patch(deployments, target, { spec: { replicas: 2 } })
  await finish(world)
  expect(await sizes(world)).toEqual({ 1: 2 })
  await world.client.patch(deployments, target, { spec: { paused: false } })
  await finish(world)
  expect(await sizes(world)).toEqual({ 1: 0, 2: 2 })
})

test('Recreate makes new Pods only when the old ones are gone', async () => {
  const world = await start()
  await world.client.create(deployments, deployment({ strategy: { type: 'Recreate' } }))
  await finish(world)
  for (const pod of await world.list(pods)) {
    await world.client.patch(
      pods,
      { namespace, name: pod.metadata.name! },
      { metadata: { finalizers: ['x/stay'] } },
    )
  }
  await world.client.patch(deployments, target, { spec: { template: template('web:2') } })
  await finish(world)
  expect(await sizes(world)).toEqual({ 1: 0 })
  for (const pod of await world.list(pods)) {
    await world.client.patch(
      pods,
      { namespace, name: pod.metadata.name! },
      { metadata: { finalizers: null } },
    )
  }
  await finish(world)
  expect(await sizes(world)).toEqual({ 1: 0, 2: 3 })
})

test('A rollout that makes no progress is reported after its deadline', async () => {
  const world = await start()
  await world.client.create(deployments, deployment({ progressDeadlineSeconds: 60 }))
  await world.settle()
  await world.clock.advance(62_000)
  await world.settle()
  const { status } = await world.client.get(deployments, target)
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing')
  const [set] = await world.list(replicaSets)
  expect(progressing).toMatchObject({
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: `ReplicaSet "${set?.metadata.name}" has timed out progressing.`,
  })
})

test('Old ReplicaSets beyond the history limit are removed', async () => {
  const world = await start()
  await world.client.create(deployments, deployment({ revisionHistoryLimit: 1 }))
  await finish(world)
  for (const image of ['web:2', 'web:3', 'web:4']) {
    await world.client.patch(deployments, target, { spec: { template: template(image) } })
    await finish(world)
  }
  expect(await sizes(world)).toEqual({ 3: 0, 4: 3 })
})
