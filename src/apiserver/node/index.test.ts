import { expect, test } from 'vitest'
import type { Pod } from '../../api/generated/types.ts'
import { admin, openTestServer } from '../apiserver.fake.ts'
import type { User } from '../registry/registry.ts'
import { NodeGraph } from './graph.ts'
import { nodeNameOf } from './identity.ts'
import { referencesOf } from './podreferences.ts'

const nodeUser = (name: string): User => ({ name: `system:node:${name}`, groups: ['system:nodes'] })
const a = nodeUser('a')

test('A node is who has the name and the group of one', () => {
  expect(nodeNameOf(a)).toBe('a')
  expect(nodeNameOf(nodeUser(''))).toBe('')
  expect(nodeNameOf({ name: 'system:node:a', groups: ['others'] })).toBeUndefined()
  expect(nodeNameOf({ name: 'a', groups: ['system:nodes'] })).toBeUndefined()
})

const container = (more: object) => ({ name: 'c', image: 'i', ...more })

const pod = (name: string, nodeName: string, spec: object = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'ns', name, uid: `uid-${name}` },
  spec: { containers: [container({})], nodeName, ...spec },
})

test('A Pod refers to what its containers, volumes and images need', () => {
  const spec = {
    serviceAccountName: 'robot',
    imagePullSecrets: [{ name: 's1' }],
    initContainers: [
      container({ envFrom: [{ secretRef: { name: 's2' } }, { configMapRef: { name: 'c1' } }] }),
    ],
    containers: [
      container({
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 's3', key: 'k' } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'c2', key: 'k' } } },
        ],
      }),
    ],
    volumes: [
      { name: 'v1', secret: { secretName: 's4' } },
      { name: 'v2', configMap: { name: 'c3' } },
      { name: 'v3', projected: { sources: [{ secret: { name: 's5' } }, { configMap: { name: 'c1' } }] } },
      { name: 'v4', persistentVolumeClaim: { claimName: 'p1' } },
      { name: 'v5', ephemeral: {} },
    ],
    resourceClaims: [{ name: 'r', resourceClaimName: 'r1' }],
  }
  const found = referencesOf(pod('x', 'a', spec)).map(({ kind, name }) => `${kind}/${name}`)
  expect(found).toEqual([
    ...['s1', 's2', 's3', 's4', 's5'].map(name => `secrets/${name}`),
    ...['c1', 'c2', 'c3'].map(name => `configmaps/${name}`),
    ...['p1', 'x-v5'].map(name => `persistentvolumeclaims/${name}`),
    'serviceaccounts/robot',
    'resourceclaims/r1',
  ])
  const mirror = pod('x', 'a', spec)
  mirror.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' }
  expect(referencesOf(mirror)).toEqual([])
})

const secret = (name: string) => ({ kind: 'secrets', namespace: 'ns', name }) as const

test('What a Pod refers to concerns its node for as long as a Pod does that is there', () => {
  const graph = new NodeGraph()
  const withSecret = { volumes: [{ name: 'v', secret: { secretName: 's' } }] }
  graph.setPod(pod('x', 'a', withSecret))
  graph.setPod(pod('y', 'a', withSecret))
  graph.setPod(pod('z', '', withSecret))
  expect(graph.concerns(secret('s'), 'a')).toBe(true)
  expect(graph.concerns(secret('s'), 'b')).toBe(false)
  expect(graph.concerns({ ...secret('s'), namespace: 'other' }, 'a')).toBe(false)
  expect(graph.concerns({ kind: 'pods', namespace: 'ns', name: 'x' }, 'a')).toBe(true)
  graph.removePod('ns', 'x')
  expect(graph.concerns(secret('s'), 'a')).toBe(true)
  graph.removePod('ns', 'y')
  expect(graph.concerns(secret('s'), 'a')).toBe(false)
  graph.setPod(pod('x', 'a', withSecret))
  graph.setPod(pod('x', 'b', withSecret))
  expect([graph.concerns(secret('s'), 'a'), graph.concerns(secret('s'), 'b')]).toEqual([false, true])
})

test('A claimed volume, and the secrets it needs, concern the node of the Pod that claims it', () => {
  const graph = new NodeGraph()
  graph.setVolume({
    metadata: { name: 'pv' },
    spec: {
      claimRef: { namespace: 'ns', name: 'p' },
      csi: { driver: 'd', volumeHandle: 'h', nodeStageSecretRef: { namespace: 'ns', name: 's' } },
    },
  })
  const volume = { kind: 'persistentvolumes', namespace: '', name: 'pv' } as const
  expect(graph.concerns(volume, 'a')).toBe(false)
  graph.setPod(pod('x', 'a', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'p' } }] }))
  expect([graph.concerns(volume, 'a'), graph.concerns(secret('s'), 'a')]).toEqual([true, true])
  expect([graph.concerns(volume, 'b'), graph.concerns(secret('s'), 'b')]).toEqual([false, false])
  graph.removeVolume('pv')
  expect([graph.concerns(volume, 'a'), graph.concerns(secret('s'), 'a')]).toEqual([false, false])
})

const inNamespace = '/api/v1/namespaces/ns'

async function start() {
  const world = await openTestServer({ rbac: true, nodeAuthorizer: true })
  const { ask } = world
  await ask('POST /api/v1/namespaces', { metadata: { name: 'ns' } })
  await ask(`POST ${inNamespace}/serviceaccounts`, { metadata: { name: 'default' } })
  for (const name of ['used', 'other']) {
    await ask(`POST ${inNamespace}/secrets`, { metadata: { name } })
    await ask(`POST ${inNamespace}/configmaps`, { metadata: { name } })
  }
  const volumes = [{ name: 'v', secret: { secretName: 'used' } }]
  const { metadata: _, ...rest } = pod('x', 'a', { volumes })
  await ask(`POST ${inNamespace}/pods`, { ...rest, metadata: { name: 'x' } })
  /** 200, or why not. */
  const answer = async (line: string, user = a) => {
    const { status, body } = await ask(line, undefined, { user })
    return status < 300 ? status : body.message
  }
  return { ...world, answer }
}

test('A node reads what its Pods refer to, one by one, and nothing else', async () => {
  const { answer, close } = await start()
  expect(await answer(`GET ${inNamespace}/secrets/used`)).toBe(200)
  expect(await answer(`GET ${inNamespace}/secrets?fieldSelector=metadata.name%3Dused`)).toBe(200)
  const who = 'User "system:node:a" cannot'
  const nothing = "no relationship found between node 'a' and this object"
  expect(await answer(`GET ${inNamespace}/secrets/other`)).toBe(
    `secrets "other" is forbidden: ${who} get resource "secrets" in API group "" in the namespace "ns": ${nothing}`,
  )
  expect(await answer(`GET ${inNamespace}/secrets/used`, nodeUser('b'))).toContain(
    "no relationship found between node 'b' and this object",
  )
  expect(await answer(`GET ${inNamespace}/configmaps/used`)).toContain(nothing)
  expect(await answer(`GET ${inNamespace}/secrets`)).toBe(
    `secrets is forbidden: ${who} list resource "secrets" in API group "" in the namespace "ns": No Object name found`,
  )
  expect(await answer('GET /api/v1/secrets')).toContain('can only read namespaced object of this type')
  expect(await answer(`DELETE ${inNamespace}/secrets/used`)).toContain('can only read resources of this type')
  await close()
})

test('What a node may read follows its Pods at once', async () => {
  const { ask, answer, close } = await start()
  expect(await answer(`GET ${inNamespace}/configmaps/used`)).toContain('no relationship found')
  const volumes = [{ name: 'v', configMap: { name: 'used' } }]
  const { metadata: _, ...rest } = pod('y', 'a', { volumes })
  await ask(`POST ${inNamespace}/pods`, { ...rest, metadata: { name: 'y' } })
  expect(await answer(`GET ${inNamespace}/configmaps/used`)).toBe(200)
  await ask(`DELETE ${inNamespace}/pods/y?gracePeriodSeconds=0`, undefined, { user: admin })
  expect(await answer(`GET ${inNamespace}/configmaps/used`)).toContain('no relationship found')
  await close()
})

test('A node sees its own Pods, Node and Lease', async () => {
  const { ask, answer, close } = await start()
  // What the network of this project's nodes needs besides is a role of its own.
  await ask('DELETE /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/futago:node-network')
  expect(await answer('GET /api/v1/pods?fieldSelector=spec.nodeName%3Da')).toBe(200)
  expect(await answer('GET /api/v1/pods?fieldSelector=spec.nodeName%3Db')).toContain(
    'can only list/watch pods with spec.nodeName field selector',
  )
  expect(await answer('GET /api/v1/pods')).toContain('can only list/watch pods with spec.nodeName')
  expect(await answer(`GET ${inNamespace}/pods/x`)).toBe(200)
  expect(await answer(`GET ${inNamespace}/pods/x`, nodeUser('b'))).toContain('no relationship found')
  expect(await answer('GET /api/v1/nodes/a')).toBe('nodes "a" not found')
  expect(await answer('GET /api/v1/nodes?fieldSelector=metadata.name%3Da')).toBe(200)
  expect(await answer('GET /api/v1/nodes')).toContain(
    "node 'a' cannot read all nodes, only its own Node object",
  )
  expect(await answer('GET /api/v1/nodes/b')).toContain("node 'a' cannot read 'b', only its own Node object")
  const leases = '/apis/coordination.k8s.io/v1/namespaces'
  expect(await answer(`GET ${leases}/kube-node-lease/leases/a`)).toContain('not found')
  expect(await answer(`GET ${leases}/kube-node-lease/leases/b`)).toContain(
    'can only access node lease with the same name as the requesting node',
  )
  expect(await answer(`GET ${leases}/ns/leases/a`)).toContain(
    'can only access leases in the "kube-node-lease" system namespace',
  )
  expect(await answer('GET /apis/storage.k8s.io/v1/csinodes/b')).toContain(
    'can only access CSINode with the same name as the requesting node',
  )
  expect(await answer('GET /apis/node.k8s.io/v1/runtimeclasses')).toBe(200)
  expect(await answer('GET /apis/apps/v1/deployments')).toBe(
    'deployments.apps is forbidden: User "system:node:a" cannot list resource "deployments" in API group "apps" at the cluster scope',
  )
  expect(await answer('GET /api/v1/pods', nodeUser(''))).toContain('unknown node for user "system:node:"')
  await close()
})

test('A SubjectAccessReview about a node is answered as its requests are', async () => {
  const { ask, close } = await start()
  const review = async (name: string) => {
    const resourceAttributes = { resource: 'secrets', verb: 'get', namespace: 'ns', name }
    const spec = { user: a.name, groups: a.groups, resourceAttributes }
    const { body } = await ask('POST /apis/authorization.k8s.io/v1/subjectaccessreviews', { spec })
    return body.status
  }
  expect(await review('used')).toEqual({ allowed: true })
  expect(await review('other')).toEqual({
    allowed: false,
    reason: "no relationship found between node 'a' and this object",
  })
  await close()
})

test('The list of what a node may do says that it is not all', async () => {
  const { ask, close } = await start()
  const path = 'POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
  const review = async (user: User) => (await ask(path, { spec: { namespace: 'ns' } }, { user })).body.status
  expect(await review(a)).toMatchObject({
    incomplete: true,
    evaluationError: 'node authorizer does not support user rule resolution',
  })
  expect(await review({ name: 'jane', groups: [] })).toMatchObject({ incomplete: false })
  await close()
})

test('The role of a node is bound to nobody, unless nodes are judged by their roles', async () => {
  const path = 'GET /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:node'
  const withNode = await openTestServer({ rbac: true, nodeAuthorizer: true })
  expect((await withNode.ask(path)).body.subjects ?? []).toEqual([])
  await withNode.close()
  const without = await openTestServer({ rbac: true })
  expect((await without.ask(path)).body.subjects).toMatchObject([{ name: 'system:nodes' }])
  await without.close()
  const { store } = without
  const later = await openTestServer({ store, rbac: true, nodeAuthorizer: true })
  expect((await later.ask(path)).body.subjects).toEqual([])
  await later.close()
})
