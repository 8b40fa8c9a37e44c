import { expect, test } from 'vitest'
import { says, statusPatch } from './podclient.ts'

test.each([
  [{ a: 1, b: 2 }, { a: 1 }, true],
  [{ a: 1 }, { a: 1, b: undefined }, true],
  [{ a: 1 }, { a: 2 }, false],
  [{ a: [{ x: 1, y: 2 }] }, { a: [{ x: 1 }] }, true],
  [{ a: [1, 2] }, { a: [1] }, false],
  [undefined, {}, true],
  [undefined, [], false],
  [null, { a: 1 }, false],
])('%j says %j: %s', (current, wanted, expected) => {
  expect(says(current, wanted)).toBe(expected)
})

const condition = (type: string, status: string) => ({ type, status })
const pod = {
  metadata: { name: 'p', uid: 'u' },
  status: {
    phase: 'Pending',
    conditions: [condition('PodScheduled', 'True'), condition('example.com/gate', 'True')],
    containerStatuses: [
      {
        name: 'c',
        image: 'i',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { waiting: { reason: 'X' } },
      },
    ],
  },
}

test('Only what differs is written, conditions by type and in their order', () => {
  const status = {
    phase: 'Running',
    conditions: [
      condition('example.com/gate', 'True'),
      condition('Ready', 'True'),
      condition('PodScheduled', 'True'),
    ],
    containerStatuses: pod.status.containerStatuses,
  }
  expect(statusPatch(pod, status)).toEqual({
    metadata: { uid: 'u' },
    status: {
      phase: 'Running',
      conditions: [condition('Ready', 'True')],
      '$setElementOrder/conditions': [
        { type: 'example.com/gate' },
        { type: 'Ready' },
        { type: 'PodScheduled' },
      ],
    },
  })
  expect(
    statusPatch(pod, { phase: 'Pending', conditions: [condition('PodScheduled', 'True')] }),
  ).toBeUndefined()
})

test('A state that ended does not stay beside the new one', () => {
  const [known] = pod.status.containerStatuses
  const running = { ...known!, state: { running: { startedAt: 'now' } } }
  expect(statusPatch(pod, { containerStatuses: [running] })).toMatchObject({
    status: { containerStatuses: [running] },
  })
})

test('A Pod that begins anew loses the addresses it had', () => {
  const podIPs = [{ ip: '10.244.0.9' }, { ip: 'fd00:10:244::9' }]
  const known = { ...pod, status: { ...pod.status, podIPs: [{ ip: '10.244.0.2' }] } }
  expect(statusPatch(known, { podIPs })).toMatchObject({
    status: { podIPs: [...podIPs, { $patch: 'replace' }] },
  })
  expect(statusPatch({ ...pod, status: {} }, { podIPs })).toMatchObject({ status: { podIPs } })
})
