// Pods, namespaces and policies that the tests of policies share.
import type { Namespace, NetworkPolicy } from '../../api/generated/types.ts'
import { type PolicyPod, policyPod } from './peers.ts'
import { policyState } from './state.ts'

const namespace = (name: string): Namespace => ({
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
})
export const pod = (
  name: string,
  addresses: readonly string[],
  { labels = { app: name }, nodeName = 'node1', namespace = 'shop', port = 8080 } = {},
): PolicyPod =>
  policyPod({
    metadata: { name, namespace, labels },
    spec: { nodeName, containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port }] }] },
    status: { podIPs: addresses.map(ip => ({ ip })) },
  })!
export const policy = (name: string, spec: NetworkPolicy['spec'], inNamespace = 'shop'): NetworkPolicy => ({
  metadata: { name, namespace: inNamespace },
  spec: { podSelector: { matchLabels: { app: 'db' } }, ...spec },
})

const db = pod('db', ['10.244.1.5', 'fd00:10:244:1::5'])
const web = pod('web', ['10.244.1.6', 'fd00:10:244:1::6'])
const far = pod('web', ['10.244.2.6', 'fd00:10:244:2::6'], { nodeName: 'node2', namespace: 'ops' })
export const world = {
  namespaces: [namespace('shop'), namespace('ops')],
  pods: [db, web, far],
  nodeName: 'node1',
}
export const stateOf = (...policies: NetworkPolicy[]) => policyState({ ...world, policies })
