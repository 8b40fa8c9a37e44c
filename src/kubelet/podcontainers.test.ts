import { afterEach, expect, test } from 'vitest'
import { pods } from '../api/resources/core/pod.ts'
import { namespace, startTestCluster } from './cluster.fake.ts'
// What runs hooks is loaded when it is first needed: too late for a clock that waits for nobody.
import './shell/process.ts'
import './shell/streams.ts'
import './shell/world.ts'

let cluster: Awaited<ReturnType<typeof startTestCluster>>
const start = async () => {
  cluster = await startTestCluster()
  return cluster
}
afterEach(() => cluster.stop())

test('A new image restarts the container', async () => {
  const { run, pod, client, events } = await start()
  await run('p', { containers: [{ name: 'c', image: 'nginx:1' }] })
  const image = { spec: { containers: [{ name: 'c', image: 'nginx:2' }] } }
  await client.patch(pods, { namespace, name: 'p' }, image, { type: 'strategic-merge' })
  const changed = await pod('p')
  expect(changed.status?.containerStatuses?.[0]).toMatchObject({
    image: 'docker.io/library/nginx:2',
    restartCount: 1,
  })
  expect(await events()).toContain('Killing: Container c definition changed, will be restarted')
})

test('A failing postStart hook kills the container, a preStop hook delays its end', async () => {
  const { run, pod, pass, client, events } = await start()
  const failing = { postStart: { exec: { command: ['false'] } } }
  await run('bad', {
    restartPolicy: 'Never',
    containers: [{ name: 'c', image: 'nginx', lifecycle: failing }],
  })
  expect((await pod('bad')).status?.containerStatuses?.[0]?.state?.running).toBeUndefined()
  expect(await events()).toContain('FailedPostStartHook: PostStartHook failed')
  const waiting = { preStop: { sleep: { seconds: 5 } } }
  await run('good', { containers: [{ name: 'c', image: 'nginx', lifecycle: waiting }] })
  await client.delete(pods, { namespace, name: 'good' })
  await pass(4000)
  expect((await pod('good')).metadata.deletionTimestamp).toBeDefined()
  await pass(1000)
  await expect(pod('good')).rejects.toThrow('pods "good" not found')
})
