import { expect, test } from 'vitest'
import type { Node, Pod, Service } from '../api/generated/types.ts'
import { detectBalancer, familiesOfIngress, hasOnlyNames, showIngress } from './loadbalancers.ts'

const pod = (image: string): Pod => ({
  metadata: { name: 'x' },
  spec: { containers: [{ name: 'c', image }] },
})
const node = (providerID: string): Node => ({ metadata: { name: 'node1' }, spec: { providerID } })
const nothing = { pods: [], nodes: [], services: [], gitVersion: 'v1.34.0' }

test.each([
  ['MetalLB', { ...nothing, pods: [pod('nginx'), pod('quay.io/metallb/controller:v0.15.2')] }],
  ['kube-vip', { ...nothing, pods: [pod('ghcr.io/kube-vip/kube-vip:v0.9.2')] }],
  ['ServiceLB (klipper-lb)', { ...nothing, pods: [pod('rancher/klipper-lb:v0.4.13')] }],
  ['cloud-provider-kind', { ...nothing, nodes: [node('kind://docker/kind/kind-worker')] }],
  ['AWS', { ...nothing, nodes: [node('aws:///eu-central-1a/i-0123')] }],
  ['futago', { ...nothing, gitVersion: 'v1.36.0+futago.0.1.0' }],
])('%s is recognised by what runs', (name, seen) => {
  expect(detectBalancer(seen)?.name).toBe(name)
})

test('A Service that has an address has it from somebody', () => {
  const service: Service = {
    metadata: { name: 'web' },
    status: { loadBalancer: { ingress: [{ ip: 'fd00::1' }] } },
  }
  expect(detectBalancer({ ...nothing, services: [service] })?.name).toBe('as for Service web')
  expect(detectBalancer(nothing)).toBeUndefined()
})

test('An ingress is of the families of its addresses, and names have none', () => {
  expect(familiesOfIngress([{ ip: 'fd00::1' }, { ip: '192.0.2.1' }])).toEqual(['IPv6', 'IPv4'])
  expect([
    hasOnlyNames([{ hostname: 'lb.example' }]),
    hasOnlyNames([]),
    hasOnlyNames([{ ip: 'fd00::1' }]),
  ]).toEqual([true, false, false])
  expect([showIngress([{ hostname: 'lb.example' }, { ip: 'fd00::1' }]), showIngress([])]).toEqual([
    'lb.example, fd00::1',
    '-',
  ])
})
