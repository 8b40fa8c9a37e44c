import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCertificateRequest } from '../../x509/certificaterequest.ts'
import { openTestServer } from '../apiserver.fake.ts'
import type { User } from '../registry/registry.ts'
import { forbiddenLabels } from './nodelabels.ts'

const a: User = { name: 'system:node:a', groups: ['system:nodes'] }
const inNamespace = '/api/v1/namespaces/ns'
const spec = (nodeName: string, more: object = {}) => ({
  nodeName,
  containers: [{ name: 'c', image: 'i' }],
  ...more,
})

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

async function start() {
  const world = await openTestServer({ serviceAccountTokens: { key, issuer: 'https://issuer' } })
  const { ask } = world
  await ask('POST /api/v1/namespaces', { metadata: { name: 'ns' } })
  await ask(`POST ${inNamespace}/serviceaccounts`, { metadata: { name: 'default' } })
  for (const name of ['a', 'b']) {
    await ask('POST /api/v1/nodes', { metadata: { name } })
    await ask(`POST ${inNamespace}/pods`, { metadata: { name: `on-${name}` }, spec: spec(name) })
  }
  /** 200, or why not. */
  const attempt = async (line: string, body?: unknown, contentType = 'application/json') => {
    const answer = await ask(line, body, { user: a, contentType })
    return answer.status < 300 ? 200 : answer.body.message
  }
  const patch = (path: string, body: unknown) =>
    attempt(`PATCH ${path}`, body, 'application/merge-patch+json')
  const uidOf = async (path: string) => (await ask(`GET ${path}`)).body.metadata!['uid'] as string
  return { ...world, attempt, patch, uidOf }
}

test('A node changes its own Node, but not its taints, owners or labels that others rely on', async () => {
  const { patch, attempt, close } = await start()
  expect(
    await patch('/api/v1/nodes/a', { metadata: { labels: { mine: 'x', 'kubernetes.io/os': 'linux' } } }),
  ).toBe(200)
  expect(await patch('/api/v1/nodes/a/status', { status: { phase: 'Running' } })).toBe(200)
  const forbidden = 'nodes "a" is forbidden: '
  expect(await patch('/api/v1/nodes/b/status', { status: {} })).toBe(
    'nodes "b" is forbidden: node "a" is not allowed to modify node "b"',
  )
  expect(await patch('/api/v1/nodes/a', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } })).toBe(
    `${forbidden}node "a" is not allowed to modify taints`,
  )
  const labels = { 'node-restriction.kubernetes.io/x': '1', 'kubernetes.io/role': 'x' }
  expect(await patch('/api/v1/nodes/a', { metadata: { labels } })).toBe(
    `${forbidden}is not allowed to modify labels: kubernetes.io/role, node-restriction.kubernetes.io/x`,
  )
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'x' }
  expect(await patch('/api/v1/nodes/a', { metadata: { ownerReferences: [owner] } })).toBe(
    `${forbidden}node "a" is not allowed to modify ownerReferences`,
  )
  expect(await attempt('POST /api/v1/nodes', { metadata: { name: 'c' } })).toBe(
    'nodes "c" is forbidden: node "a" is not allowed to modify node "c"',
  )
  await close()
})

test('A node may not come with labels that others rely on', async () => {
  const { ask, attempt, close } = await start()
  await ask('DELETE /api/v1/nodes/a')
  const labels = { 'x.node-restriction.kubernetes.io/y': '1' }
  expect(await attempt('POST /api/v1/nodes', { metadata: { name: 'a', labels } })).toBe(
    'nodes "a" is forbidden: node "a" is not allowed to set the following labels: x.node-restriction.kubernetes.io/y',
  )
  expect(await attempt('POST /api/v1/nodes', { metadata: { name: 'a', labels: { x: 'y' } } })).toBe(200)
  await close()
})

test.each([
  ['kubernetes.io/hostname', true],
  ['topology.kubernetes.io/zone', true],
  ['x.kubelet.kubernetes.io/y', true],
  ['node.kubernetes.io/y', true],
  ['example.com/y', true],
  ['plain', true],
  ['node-role.kubernetes.io/control-plane', false],
  ['x.k8s.io/y', false],
  ['node-restriction.kubernetes.io/y', false],
])('A node sets the label %s: %s', (key, isAllowed) => {
  expect(forbiddenLabels({ [key]: 'x' }, {})).toEqual(isAllowed ? [] : [key])
  expect(forbiddenLabels({}, { [key]: 'x' })).toEqual(isAllowed ? [] : [key])
  expect(forbiddenLabels({ [key]: 'x' }, { [key]: 'x' })).toEqual([])
})

test('A node reports on the Pods bound to it, deletes and evicts them, and no others', async () => {
  const { attempt, patch, close } = await start()
  const own = `${inNamespace}/pods/on-a`
  const other = `${inNamespace}/pods/on-b`
  expect(await patch(`${own}/status`, { status: { phase: 'Running' } })).toBe(200)
  expect(await patch(`${other}/status`, { status: { phase: 'Running' } })).toBe(
    'pods "on-b" is forbidden: node "a" can only update pod status for pods with spec.nodeName set to itself',
  )
  expect(await patch(`${own}/status`, { metadata: { labels: { x: 'y' } } })).toBe(
    'pods "on-a" is forbidden: node "a" cannot update labels through pod status',
  )
  expect(await patch(own, { metadata: { labels: { x: 'y' } } })).toBe(
    'pods "on-a" is forbidden: unexpected operation "UPDATE", node "a" can only create and delete mirror pods',
  )
  expect(await patch(`${own}/ephemeralcontainers`, { spec: {} })).toContain(
    `unexpected pod subresource "ephemeralcontainers", only 'status' and 'eviction' are allowed`,
  )
  const eviction = (name: string) => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } })
  expect(await attempt(`POST ${other}/eviction`, eviction('on-b'))).toBe(
    'pods "on-b" is forbidden: node a can only evict pods with spec.nodeName set to itself',
  )
  expect(await attempt(`POST ${own}/eviction`, eviction('on-a'))).toBe(200)
  expect(await attempt(`DELETE ${other}`)).toBe(
    'pods "on-b" is forbidden: node "a" can only delete pods with spec.nodeName set to itself',
  )
  expect(await attempt(`DELETE ${own}?gracePeriodSeconds=0`)).toBe(200)
  await close()
})

test('A node creates mirror Pods of its own that refer to nothing, and no other Pods', async () => {
  const { attempt, uidOf, close } = await start()
  const uid = await uidOf('/api/v1/nodes/a')
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'a', uid, controller: true }
  const annotations = { 'kubernetes.io/config.mirror': 'hash' }
  const create = (metadata: object, of: object = spec('a')) =>
    attempt(`POST ${inNamespace}/pods`, { metadata: { name: 'm', ...metadata }, spec: of })
  const mirror = { annotations, ownerReferences: [owner] }
  const why = 'pods "m" is forbidden: node "a" can only create pods with'
  expect(await create({})).toBe(
    'pods "m" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "a" can only create mirror pods',
  )
  expect(await create(mirror, spec('b'))).toBe(`${why} spec.nodeName set to itself`)
  expect(await create({ annotations })).toBe(`${why} an owner reference set to itself`)
  expect(await create({ annotations, ownerReferences: [{ ...owner, controller: false }] })).toBe(
    `${why} a controller owner reference set to itself`,
  )
  expect(await create({ annotations, ownerReferences: [{ ...owner, uid: 'x' }] })).toBe(
    `pods "m" is forbidden: node a UID mismatch: expected x got ${uid}`,
  )
  const volumes = [{ name: 'v', configMap: { name: 'c' } }]
  expect(await create(mirror, spec('a', { volumes }))).toBe(
    'pods "m" is forbidden: node "a" can not create pods that reference configmaps',
  )
  expect(await create(mirror)).toBe(200)
  await close()
})

test('A node gets tokens for its own Pods only, and those are bound to them', async () => {
  const { attempt, uidOf, close } = await start()
  const request = async (name: string, more: object = {}) => {
    const uid = await uidOf(`${inNamespace}/pods/${name}`)
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid, ...more }
    return attempt(`POST ${inNamespace}/serviceaccounts/default/token`, { spec: { boundObjectRef } })
  }
  const forbidden = 'serviceaccounts "default" is forbidden: node requested token'
  expect(await request('on-a')).toBe(200)
  expect(await request('on-b')).toBe(`${forbidden} bound to a pod scheduled on a different node`)
  expect(await request('on-a', { uid: '' })).toBe(`${forbidden} with a pod binding without a uid`)
  expect(await request('on-a', { kind: 'Node', name: 'a' })).toBe(`${forbidden} not bound to a pod`)
  expect(await request('on-a', { uid: 'x' })).toContain(
    'the UID in the bound object reference (x) does not match the UID in record',
  )
  await close()
})

test('Leases, CSINodes and certificates are for the node itself', async () => {
  const { attempt, close } = await start()
  const leases = (namespace: string) => `POST /apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  const named = (name: string) => ({ metadata: { name }, spec: {} })
  const same = 'with the same name as the requesting node'
  expect(await attempt(leases('kube-node-lease'), named('a'))).toBe(200)
  expect(await attempt(leases('kube-node-lease'), named('b'))).toBe(
    `leases.coordination.k8s.io "b" is forbidden: can only access node lease ${same}`,
  )
  expect(await attempt(leases('ns'), named('a'))).toBe(
    'leases.coordination.k8s.io "a" is forbidden: can only access leases in the "kube-node-lease" system namespace',
  )
  const csiNode = (name: string) => ({ metadata: { name }, spec: { drivers: [] } })
  expect(await attempt('POST /apis/storage.k8s.io/v1/csinodes', csiNode('b'))).toBe(
    `csinodes.storage.k8s.io "b" is forbidden: can only access CSINode ${same}`,
  )
  const csr = (commonName: string) => ({
    metadata: { name: 'x' },
    spec: {
      request: Buffer.from(
        createCertificateRequest({ commonName, organizations: ['system:nodes'] }).request,
      ).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['client auth'],
    },
  })
  const path = 'POST /apis/certificates.k8s.io/v1/certificatesigningrequests'
  expect(await attempt(path, csr('system:node:b'))).toBe(
    'certificatesigningrequests.certificates.k8s.io "x" is forbidden: can only create a node CSR with CN=system:node:a',
  )
  expect(await attempt(path, csr('system:node:a'))).toBe(200)
  await close()
})

test('A node without a name changes nothing', async () => {
  const { ask, close } = await start()
  const user = { name: 'system:node:', groups: ['system:nodes'] }
  const { body } = await ask('POST /api/v1/nodes', { metadata: { name: 'x' } }, { user })
  expect(body.message).toBe('nodes "x" is forbidden: could not determine node from user "system:node:"')
  await close()
})
