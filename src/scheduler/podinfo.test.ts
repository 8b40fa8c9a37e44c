import { expect, test } from 'vitest'
import { podInfo, podRequests } from './podinfo.ts'
import { testPod } from './testobjects.fake.ts'

const container = (name: string, cpu: string, restartPolicy?: string) => ({
  name,
  resources: { requests: { cpu } },
  ...(restartPolicy ? { restartPolicy } : {}),
})

test('Containers add up; init containers count only where they need more', () => {
  const containers = [container('a', '1'), container('b', '500m')]
  expect(podRequests(testPod('p', { containers }))).toEqual({ cpu: 1500 })
  expect(podRequests(testPod('p', { containers, initContainers: [container('i', '1')] }))).toEqual({
    cpu: 1500,
  })
  expect(podRequests(testPod('p', { containers, initContainers: [container('i', '2')] }))).toEqual({
    cpu: 2000,
  })
})

test('A sidecar counts beside the containers, and beside the init containers after it', () => {
  const initContainers = [container('sidecar', '300m', 'Always'), container('i', '2')]
  expect(podRequests(testPod('p', { containers: [container('a', '1')], initContainers }))).toEqual({
    cpu: 2300,
  })
})

test('Overhead is added, requests of the whole Pod replace the sum, limits stand in for requests', () => {
  const containers = [{ name: 'a', resources: { limits: { memory: '1Gi' } } }]
  expect(podRequests(testPod('p', { containers, overhead: { cpu: '250m' } }))).toEqual({
    memory: 1073741824,
    cpu: 250,
  })
  const resources = { requests: { cpu: '3' } }
  expect(podRequests(testPod('p', { containers: [container('a', '1')], resources }))).toEqual({ cpu: 3000 })
})

test('A Pod that requests nothing counts as a small one when nodes are compared', () => {
  const info = podInfo(testPod('p'))
  expect(info.requests).toEqual({})
  expect([info.nonZeroCPU, info.nonZeroMemory]).toEqual([100, 209715200])
})

test('Host ports are those of containers and sidecars', () => {
  const ports = [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }]
  const initContainers = [{ name: 's', restartPolicy: 'Always', ports: [{ containerPort: 1, hostPort: 2 }] }]
  const info = podInfo(testPod('p', { containers: [{ name: 'a', ports }], initContainers }))
  expect(info.hostPorts).toEqual([
    { ip: '', protocol: 'TCP', port: 8080 },
    { ip: '', protocol: 'TCP', port: 2 },
  ])
})
