import { expect, test } from 'vitest'
import type { PodSpec } from '../api/generated/types.ts'
import { kernelHostname, podHostname } from './hostname.ts'

const pod = (name: string, spec: Partial<PodSpec> = {}) => ({
  metadata: { name, namespace: 'ns' },
  spec: { containers: [], ...spec },
})

test('A Pod is called by its name unless it asks for another, within 63 characters', () => {
  expect(podHostname(pod('web'), 'cluster.local')).toEqual({ hostname: 'web' })
  expect(podHostname(pod('web', { hostname: 'h' }), 'cluster.local')).toEqual({ hostname: 'h' })
  expect(podHostname(pod(`${'a'.repeat(61)}.-b`), 'cluster.local').hostname).toBe('a'.repeat(61))
  expect(podHostname(pod('web', { hostnameOverride: 'x.y' }), 'cluster.local')).toEqual({ hostname: 'x.y' })
})

test('A subdomain gives it a domain below its namespace', () => {
  const named = pod('web', { subdomain: 'sub', setHostnameAsFQDN: true })
  expect(podHostname(named, 'cluster.local').domain).toBe('sub.ns.svc.cluster.local')
  expect(kernelHostname(named, 'node1', 'cluster.local')).toBe('web.sub.ns.svc.cluster.local')
})

test("In the node's network a Pod sees the node's name", () => {
  expect(kernelHostname(pod('web', { hostNetwork: true }), 'node1', 'cluster.local')).toBe('node1')
})
