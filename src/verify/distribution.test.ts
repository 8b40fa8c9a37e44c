import { describe, expect, test } from 'vitest'
import type { Node } from '../api/generated/types.ts'
import { detectDistribution } from './distribution.ts'
import { languages } from './text.ts'

const node = (rest: Partial<Node> = {}): Node => ({ metadata: { name: 'node1' }, ...rest })

const cases: readonly (readonly [name: string, version: string, node: Node])[] = [
  ['Kubernetes', 'v1.20.2', node()],
  ['k3s', 'v1.33.1+k3s1', node()],
  ['RKE2', 'v1.33.1+rke2r1', node()],
  ['k0s', 'v1.33.1+k0s', node()],
  ['Amazon EKS', 'v1.32.3-eks-4096722', node()],
  ['Google GKE', 'v1.33.2-gke.1111000', node()],
  ['Azure AKS', 'v1.32.5', node({ metadata: { labels: { 'kubernetes.azure.com/cluster': 'MC_x' } } })],
  ['kind', 'v1.34.0', node({ spec: { providerID: 'kind://docker/kind/kind-control-plane' } })],
  ['MicroK8s', 'v1.32.3', node({ metadata: { labels: { 'microk8s.io/cluster': 'true' } } })],
  ['futago', 'v1.36.0+futago.0.1.0', node()],
  [
    'kubeadm',
    'v1.34.0',
    node({ metadata: { annotations: { 'kubeadm.alpha.kubernetes.io/cri-socket': 'unix:///run/c.sock' } } }),
  ],
]

describe('The maker of a cluster', () => {
  test.each(cases)('%s is recognised', (name, version, made) => {
    expect(detectDistribution(version, [node(), made]).name).toBe(name)
  })

  test.each(cases)('%s has a remedy for each thing in each language', (_, version, made) => {
    const { serviceRanges, podRanges, nodeAddresses } = detectDistribution(version, [made])
    for (const text of [serviceRanges, podRanges, nodeAddresses]) {
      for (const language of languages) expect(text[language]).not.toBe('')
    }
  })

  test('decides which flag a remedy names', () => {
    expect(detectDistribution('v1.20.2', []).serviceRanges.en).toContain(
      '--service-cluster-ip-range of both kube-apiserver and kube-controller-manager',
    )
    expect(detectDistribution('v1.33.1+k3s1', []).podRanges.en).toContain('--cluster-cidr=10.42.0.0/16')
    expect(detectDistribution('v1.33.1+k3s1', []).nodeAddresses.en).toContain('--node-ip=')
  })
})
