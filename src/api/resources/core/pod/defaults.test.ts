import { describe, expect, test } from 'vitest'
import type { Container, PodSpec, Volume } from '../../../generated/types.ts'
import { defaultPod, defaultPodTemplate } from './defaults.ts'

const containerOf = (container: Partial<Container>, spec: Partial<PodSpec> = {}) => {
  const pod = { metadata: {}, spec: { containers: [{ name: 'c', ...container }], ...spec } }
  defaultPod(pod)
  return pod.spec.containers[0]!
}
const volumeOf = (volume: Omit<Volume, 'name'>) => {
  const pod = { metadata: {}, spec: { containers: [], volumes: [{ name: 'v', ...volume }] } }
  defaultPod(pod)
  const { name: _, ...rest } = pod.spec.volumes[0]!
  return rest
}

describe('defaults of containers', () => {
  test('requests are the limits where they are not given', () => {
    const limits = { cpu: '1', memory: '1Gi' }
    expect(containerOf({ resources: { limits, requests: { cpu: '500m' } } }).resources).toEqual({
      limits,
      requests: { cpu: '500m', memory: '1Gi' },
    })
  })

  test('amounts are rounded to a thousandth', () => {
    const { resources } = containerOf({ resources: { requests: { cpu: '100u' } } })
    expect(resources?.requests).toEqual({ cpu: '1m' })
  })

  test('on the network of the host, ports are ports of the host', () => {
    const ports = () => [{ containerPort: 80 }, { containerPort: 81, hostPort: 0 }]
    expect(containerOf({ ports: ports() }, { hostNetwork: true }).ports).toEqual([
      { containerPort: 80, hostPort: 80, protocol: 'TCP' },
      { containerPort: 81, hostPort: 81, protocol: 'TCP' },
    ])
    expect(containerOf({ ports: ports() }, { hostNetwork: false }).ports).toEqual([
      { containerPort: 80, protocol: 'TCP' },
      { containerPort: 81, protocol: 'TCP' },
    ])
  })

  test('probes', () => {
    const probe = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
    const container = containerOf({
      livenessProbe: { httpGet: { port: 80 }, initialDelaySeconds: 0 },
      readinessProbe: { grpc: { port: 1 } },
      lifecycle: { preStop: { httpGet: { port: 'x' } } },
    })
    expect(container.livenessProbe).toEqual({ ...probe, httpGet: { port: 80, path: '/', scheme: 'HTTP' } })
    expect(container.readinessProbe).toEqual({ ...probe, grpc: { port: 1, service: '' } })
    expect(container.lifecycle).toEqual({ preStop: { httpGet: { port: 'x', path: '/', scheme: 'HTTP' } } })
  })

  test('environment', () => {
    const env = [
      { name: 'A', value: '' },
      { name: 'B', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } },
      { name: 'C', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
    ]
    expect(containerOf({ env }).env).toEqual([
      { name: 'A' },
      { name: 'B', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIPs' } } },
      { name: 'C', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '0' } } },
    ])
  })

  test('what Go leaves out when it is false is left out', () => {
    const mount = { name: 'v', mountPath: '/v', readOnly: false }
    const container = containerOf({ stdin: false, stdinOnce: false, tty: true, volumeMounts: [mount] })
    expect(container).toMatchObject({ tty: true, volumeMounts: [{ name: 'v', mountPath: '/v' }] })
    expect(Object.keys(container)).not.toContain('stdin')
    expect(Object.keys(container.volumeMounts![0]!)).toEqual(['name', 'mountPath'])
  })
})

describe('defaults of volumes', () => {
  const volumes: [string, Omit<Volume, 'name'>, Omit<Volume, 'name'>][] = [
    ['no source', {}, { emptyDir: {} }],
    ['configMap', { configMap: { name: 'x' } }, { configMap: { name: 'x', defaultMode: 420 } }],
    ['secret', { secret: { secretName: 'x' } }, { secret: { secretName: 'x', defaultMode: 420 } }],
    ['hostPath', { hostPath: { path: '/x' } }, { hostPath: { path: '/x', type: '' } }],
    ['image', { image: { reference: 'a:1' } }, { image: { reference: 'a:1', pullPolicy: 'IfNotPresent' } }],
    [
      'projected',
      { projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
      {
        projected: {
          defaultMode: 420,
          sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }],
        },
      },
    ],
    [
      'downwardAPI',
      { downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'metadata.name' } }] } },
      {
        downwardAPI: {
          defaultMode: 420,
          items: [{ path: 'a', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }],
        },
      },
    ],
    [
      'iscsi',
      { iscsi: { iqn: 'i', lun: 0, targetPortal: 'p' } },
      { iscsi: { iqn: 'i', lun: 0, targetPortal: 'p', iscsiInterface: 'default' } },
    ],
    [
      'rbd',
      { rbd: { image: 'i', monitors: ['m'] } },
      { rbd: { image: 'i', monitors: ['m'], pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' } },
    ],
    [
      'ephemeral',
      { ephemeral: { volumeClaimTemplate: { spec: {} } } },
      { ephemeral: { volumeClaimTemplate: { metadata: {}, spec: { volumeMode: 'Filesystem' } } } },
    ],
  ]
  for (const [name, volume, expected] of volumes) {
    test(name, () => expect(volumeOf(volume)).toEqual(expected))
  }
})

test('a Pod with limits of its own asks for what its containers ask for, or for the limits', () => {
  const container = { name: 'c', resources: { requests: { cpu: '500m' } } }
  const resources = { limits: { cpu: '2', memory: '1Gi' } }
  const pod = {
    metadata: {},
    spec: { containers: [container, { ...container, name: 'd' }], resources } as PodSpec,
  }
  defaultPod(pod)
  expect(pod.spec.resources).toEqual({ ...resources, requests: { cpu: '1', memory: '1Gi' } })
})

test('a template gets less than a Pod', () => {
  const template = {
    spec: { hostNetwork: true, containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] } as PodSpec,
  }
  defaultPodTemplate(template)
  expect(template).toMatchObject({ metadata: {}, spec: { dnsPolicy: 'ClusterFirst' } })
  expect(template.spec.enableServiceLinks).toBeUndefined()
  expect(template.spec.containers[0]?.ports).toEqual([{ containerPort: 80, protocol: 'TCP' }])
})

test('the old name of the service account follows the new one', () => {
  const pod = { metadata: {}, spec: { containers: [], serviceAccount: 'a' } as PodSpec }
  defaultPod(pod)
  expect(pod.spec).toMatchObject({ serviceAccount: 'a', serviceAccountName: 'a' })
  pod.spec.serviceAccountName = 'b'
  defaultPod(pod)
  expect(pod.spec).toMatchObject({ serviceAccount: 'b', serviceAccountName: 'b' })
})
