import { expect, test } from 'vitest'
import type { CronJob, CronJobSpec } from '../api/generated/types.ts'
import { cronJobController, planDue } from './cronjob.ts'
import { parseSchedule } from './cronschedule.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { cronJobs, jobs } from './resources.ts'

const target = { namespace, name: 'tick' }
const cronJob = (spec: Partial<CronJobSpec> = {}): CronJob => ({
  metadata: target,
  spec: {
    schedule: '* * * * *',
    jobTemplate: {
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
    },
    ...spec,
  },
})
async function start(spec: Partial<CronJobSpec> = {}) {
  const world = await startControllers([cronJobController])
  await world.client.create(cronJobs, cronJob(spec))
  await world.settle()
  // Past the full minute: a Job is made a moment after its time.
  await world.clock.advance(500)
  const minutes = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await world.clock.advance(60_000)
      await world.settle()
    }
  }
  const finish = async () => {
    const now = new Date(world.clock.now()).toISOString()
    for (const job of await world.list(jobs)) {
      const done = ['SuccessCriteriaMet', 'Complete'].map(type => ({
        type,
        status: 'True',
        lastTransitionTime: now,
      }))
      const status = { ...job.status, startTime: now, completionTime: now, succeeded: 1, conditions: done }
      if (!job.status?.completionTime) await world.client.updateStatus(jobs, { ...job, status })
    }
    await world.settle()
  }
  const names = async () => (await world.list(jobs)).map(({ metadata }) => metadata.name)
  return { ...world, minutes, finish, names }
}
const minute = Date.UTC(2026, 0, 1, 12) / 60_000

test('A Job is made at every scheduled time, named by it', async () => {
  const world = await start()
  expect(await world.names()).toEqual([])
  await world.minutes(2)
  expect(await world.names()).toEqual([`tick-${minute + 1}`, `tick-${minute + 2}`])
  const [job] = await world.list(jobs)
  expect(job?.metadata.annotations).toEqual({
    'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T12:01:00Z',
  })
  const { status } = await world.client.get(cronJobs, target)
  expect([status?.active?.length, status?.lastScheduleTime]).toEqual([2, '2026-01-01T12:02:00Z'])
  expect(await world.events()).toEqual([
    `SuccessfulCreate: Created job tick-${minute + 1}`,
    `SuccessfulCreate: Created job tick-${minute + 2}`,
  ])
  expect(world.problems).toEqual([])
})

test('Forbid waits for the one that runs, Replace removes it', async () => {
  const forbidding = await start({ concurrencyPolicy: 'Forbid' })
  await forbidding.minutes(2)
  expect(await forbidding.names()).toEqual([`tick-${minute + 1}`])
  expect((await forbidding.events()).at(-1)).toContain('JobAlreadyActive')
  const replacing = await start({ concurrencyPolicy: 'Replace' })
  await replacing.minutes(2)
  expect(await replacing.names()).toEqual([`tick-${minute + 2}`])
})

test('Of the finished Jobs only the history stays', async () => {
  const world = await start({ successfulJobsHistoryLimit: 1 })
  for (let i = 0; i < 3; i++) {
    await world.minutes(1)
    await world.finish()
  }
  expect(await world.names()).toEqual([`tick-${minute + 3}`])
  const { status } = await world.client.get(cronJobs, target)
  expect(status?.active).toBeUndefined()
  expect(status?.lastSuccessfulTime).toMatch(/^2026-01-01T12:03/)
  const condition = `SawCompletedJob: Saw completed job: tick-${minute + 1}, condition: Complete`
  expect(await world.events()).toContain(condition)
})

test('A Job that somebody deleted is active no longer, and is told of', async () => {
  const world = await start({ concurrencyPolicy: 'Forbid' })
  await world.minutes(1)
  const name = `tick-${minute + 1}`
  await world.client.delete(jobs, { ...target, name }, { propagationPolicy: 'Background' })
  await world.settle()
  expect((await world.client.get(cronJobs, target)).status?.active).toBeUndefined()
  expect(await world.events()).toContain(`MissingJob: Active job went missing: ${name}`)
  await world.minutes(1)
  expect(await world.names()).toEqual([`tick-${minute + 2}`])
})

test('Nothing runs while it is suspended', async () => {
  const world = await start({ suspend: true })
  await world.minutes(2)
  expect(await world.names()).toEqual([])
})

test('Of the times that were missed only the latest counts, and only within the deadline', () => {
  const nowMs = Date.UTC(2026, 0, 1, 12, 10, 30)
  const created = { ...cronJob(), metadata: { ...target, creationTimestamp: '2026-01-01T12:00:00Z' } }
  const due = (spec: Partial<CronJobSpec>) => {
    const object = { ...created, spec: { ...created.spec!, ...spec } }
    const { dueMs, missed } = planDue(object, parseSchedule(object.spec.schedule), nowMs)
    return [dueMs && new Date(dueMs).toISOString().slice(11, 16), missed]
  }
  expect(due({})).toEqual(['12:10', 10])
  expect(due({ schedule: '0 * * * *' })).toEqual([undefined, 0])
  expect(due({ schedule: '5 * * * *' })).toEqual(['12:05', 1])
  expect(due({ schedule: '5 * * * *', startingDeadlineSeconds: 60 })).toEqual([undefined, 0])
})
