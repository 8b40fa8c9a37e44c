import { expect, test } from 'vitest'
import type { Job, JobSpec } from '../api/generated/types.ts'
import { jobControllers } from './job.ts'
import { countPods, formatIndexes, parseIndexes, planPods } from './jobplan.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { jobs, pods } from './resources.ts'

const target = { namespace, name: 'work' }
const job = (spec: Partial<JobSpec> = {}): Job => ({
  metadata: target,
  spec: {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
    ...spec,
  },
})
const start = () => startControllers(jobControllers)
type World = Awaited<ReturnType<typeof start>>

/** All Pods that run come to an end. */
async function finishPods(world: World, phase: 'Succeeded' | 'Failed') {
  for (const pod of await world.list(pods)) {
    if (pod.status?.phase !== 'Pending') continue
    const finishedAt = new Date(world.clock.now()).toISOString()
    const state = { terminated: { exitCode: phase === 'Failed' ? 1 : 0, finishedAt } }
    const container = { name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state }
    await world.client.updateStatus(pods, {
      ...pod,
      status: { ...pod.status, phase, containerStatuses: [container] },
    })
  }
  await world.settle()
}
const conditions = ({ status }: Job) => status?.conditions?.map(({ type, reason }) => `${type} ${reason}`)

test('A Job makes its Pod and is complete when that has succeeded', async () => {
  const world = await start()
  const { metadata } = await world.client.create(jobs, job())
  await world.settle()
  const [pod] = await world.list(pods)
  expect(pod?.metadata).toMatchObject({
    generateName: 'work-',
    labels: { 'job-name': 'work', 'batch.kubernetes.io/controller-uid': metadata.uid },
    finalizers: ['batch.kubernetes.io/job-tracking'],
  })
  expect((await world.client.get(jobs, target)).status).toMatchObject({
    active: 1,
    startTime: '2026-01-01T12:00:00Z',
  })
  await finishPods(world, 'Succeeded')
  const done = await world.client.get(jobs, target)
  expect(done.status).toMatchObject({ succeeded: 1, completionTime: '2026-01-01T12:00:00Z' })
  expect(done.status?.active).toBeUndefined()
  expect(conditions(done)).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached'])
  expect((await world.list(pods))[0]?.metadata.finalizers ?? []).toEqual([])
  expect(await world.events()).toEqual([
    `SuccessfulCreate: Created pod: ${pod?.metadata.name}`,
    'Completed: Job completed',
  ])
  expect(world.problems).toEqual([])
})

test('Completions are reached with as many Pods at once as parallelism allows', async () => {
  const world = await start()
  await world.client.create(jobs, job({ completions: 5, parallelism: 2 }))
  await world.settle()
  for (const made of [2, 4, 5]) {
    expect((await world.list(pods)).length).toBe(made)
    await finishPods(world, 'Succeeded')
  }
  expect((await world.client.get(jobs, target)).status?.succeeded).toBe(5)
})

test('Failures are tried again after a growing delay, up to the limit', async () => {
  const world = await start()
  await world.client.create(jobs, job({ backoffLimit: 1 }))
  await world.settle()
  await finishPods(world, 'Failed')
  expect((await world.list(pods)).length).toBe(1)
  await world.clock.advance(10_000)
  await world.settle()
  expect((await world.list(pods)).length).toBe(2)
  await finishPods(world, 'Failed')
  const failed = await world.client.get(jobs, target)
  expect(failed.status?.failed).toBe(2)
  expect(conditions(failed)).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded'])
  expect((await world.events()).at(-1)).toBe(
    'BackoffLimitExceeded: Job has reached the specified backoff limit',
  )
})

test('An indexed Job has one Pod per index', async () => {
  const world = await start()
  await world.client.create(jobs, job({ completions: 3, parallelism: 3, completionMode: 'Indexed' }))
  await world.settle()
  const made = await world.list(pods)
  expect(made.map(({ spec }) => spec?.hostname).sort()).toEqual(['work-0', 'work-1', 'work-2'])
  expect(made[0]?.spec?.containers[0]?.env?.[0]?.name).toBe('JOB_COMPLETION_INDEX')
  await finishPods(world, 'Succeeded')
  expect((await world.client.get(jobs, target)).status).toMatchObject({
    completedIndexes: '0-2',
    succeeded: 3,
  })
})

test('A suspended Job has no Pods, and starts when it is resumed', async () => {
  const world = await start()
  await world.client.create(jobs, job({ suspend: true }))
  await world.settle()
  expect(conditions(await world.client.get(jobs, target))).toEqual(['Suspended JobSuspended'])
  await world.client.patch(jobs, target, { spec: { suspend: false } })
  await world.settle()
  expect((await world.list(pods)).length).toBe(1)
  expect(await world.events()).toContain('Resumed: Job resumed')
})

test('A Job that takes too long fails, and its Pods go', async () => {
  const world = await start()
  await world.client.create(jobs, job({ activeDeadlineSeconds: 60 }))
  await world.settle()
  await world.clock.advance(61_000)
  await world.settle()
  expect(conditions(await world.client.get(jobs, target))).toContain('Failed DeadlineExceeded')
  expect(await world.list(pods)).toEqual([])
})

test('A finished Job goes when its time to live is over', async () => {
  const world = await start()
  await world.client.create(jobs, job({ ttlSecondsAfterFinished: 30 }))
  await world.settle()
  await finishPods(world, 'Succeeded')
  await world.clock.advance(31_000)
  await world.settle()
  expect((await world.client.get(jobs, target)).metadata.deletionTimestamp).toBeDefined()
})

test('The Pods of a Job that is gone are not held', async () => {
  const world = await start()
  await world.client.create(jobs, job())
  await world.settle()
  await world.client.delete(jobs, target, { propagationPolicy: 'Background' })
  await world.settle()
  expect((await world.list(pods))[0]?.metadata.finalizers ?? []).toEqual([])
})

test('Indexes are written as ranges', () => {
  expect(formatIndexes([5, 3, 4, 1, 8, 9])).toBe('1,3-5,8,9')
  expect([...parseIndexes('1,3-5')]).toEqual([1, 3, 4, 5])
  expect([...parseIndexes(undefined)]).toEqual([])
})

test('Without completions one success is enough, and the other Pods may end', () => {
  const running = { metadata: { uid: 'a' }, status: { phase: 'Running' } }
  const done = {
    metadata: { uid: 'b', finalizers: ['batch.kubernetes.io/job-tracking'] },
    status: { phase: 'Succeeded' },
  }
  const object = job({ parallelism: 3 })
  expect(planPods(object, countPods(object, [running])).create.length).toBe(2)
  expect(planPods(object, countPods(object, [running, done]))).toEqual({ create: [], remove: [] })
})
