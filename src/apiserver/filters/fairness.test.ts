import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { MetricSet } from '../../component/metrics.ts'
import { textReply } from '../reply.ts'
import { type Reply, ServerRequest } from '../request.ts'
import { fairness } from './fairness.ts'

function request(method: string, target: string, groups: readonly string[] = ['system:authenticated']) {
  const made = new ServerRequest({ method, target })
  made.user = { name: 'jane', groups }
  return made
}

test('Beyond its level a request gets 429 until one is done; administrators and streams go on', async () => {
  const clock = new FakeClock(0)
  const metrics = new MetricSet()
  const filter = fairness({ lookup: () => undefined, clock, metrics, totalSeats: 1 })
  let finish: (reply: Reply) => void = () => undefined
  const held = filter(request('POST', '/api/v1/pods'), () => new Promise(resolve => (finish = resolve)))
  await new Promise(resolve => setImmediate(resolve))
  const ok = async () => textReply(200, 'ok')
  const refused = await filter(request('POST', '/api/v1/pods'), ok)
  expect([refused.status, refused.headers?.['retry-after'], String(refused.body)]).toEqual([
    429,
    '1',
    'Too many requests, please try again later.\n',
  ])
  expect((await filter(request('POST', '/api/v1/pods', ['system:masters']), ok)).status).toBe(200)
  expect((await filter(request('POST', '/api/v1/namespaces/a/pods/a/exec'), ok)).status).toBe(200)
  finish(textReply(201, 'created'))
  expect((await held).status).toBe(201)
  expect((await filter(request('POST', '/api/v1/pods'), ok)).status).toBe(200)
  const rejected = metrics
    .collect()
    .find(({ name }) => name === 'apiserver_flowcontrol_rejected_requests_total')
  expect(rejected?.samples.map(({ labels, value }) => [labels['reason'], value])).toEqual([
    ['concurrency-limit', 1],
  ])
})
