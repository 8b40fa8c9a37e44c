import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import type { CertificateSigningRequest } from '../../api/generated/types.ts'
import { createCertificateRequest } from '../../x509/certificaterequest.ts'
import { createAuthority } from '../../x509/certificates.ts'
import { admin, openTestServer } from '../apiserver.fake.ts'
import type { User } from '../registry/registry.ts'

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const base64 = (text: string) => Buffer.from(text).toString('base64')

const requestFor = (commonName: string, organizations: readonly string[] = []) =>
  base64(createCertificateRequest({ commonName, organizations }).request)

const wanted = (name: string, more: object = {}) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: {
    request: requestFor('jane', ['dev']),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
    ...more,
  },
})

const jane: User = {
  name: 'jane',
  uid: 'u1',
  groups: ['dev', 'system:authenticated'],
  extra: { floor: ['3'] },
}

test('The server says who asks, whatever the request says, and nobody changes it later', async () => {
  const { ask, close } = await openTestServer()
  const claimed = { username: 'root', uid: '0', groups: ['system:masters'], extra: { a: ['b'] } }
  const created = await ask(`POST ${path}`, wanted('a', claimed), { user: jane })
  expect(created.status).toBe(201)
  const { request: _request, ...spec } = created.body.spec as Record<string, unknown>
  expect(spec).toEqual({
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
    username: 'jane',
    uid: 'u1',
    groups: ['dev', 'system:authenticated'],
    extra: { floor: ['3'] },
  })
  const changed = {
    ...created.body,
    spec: { ...spec, username: 'root' },
    status: { certificate: base64('x') },
  }
  const updated = await ask(`PUT ${path}/a`, changed)
  expect(updated.status).toBe(200)
  expect(updated.body.spec).toEqual(created.body.spec)
  expect(updated.body.status).toEqual(created.body.status)
  await close()
})

test('What is wrong with a request is said as upstream says it', async () => {
  const { ask, close } = await openTestServer()
  const message = async (more: object) => (await ask(`POST ${path}`, wanted('a', more))).body.message
  const start = 'CertificateSigningRequest.certificates.k8s.io "a" is invalid: '
  expect(await message({ request: base64('x') })).toBe(
    `${start}spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST`,
  )
  expect(await message({ usages: [] })).toBe(`${start}spec.usages: Required value: usages must be provided`)
  expect(await message({ usages: ['to please'] })).toContain(
    'spec.usages[0]: Unsupported value: "to please": supported values: "any", "cert sign", ',
  )
  expect(await message({ usages: ['client auth', 'client auth'] })).toBe(
    `${start}spec.usages[1]: Duplicate value: "client auth"`,
  )
  expect(await message({ signerName: 'one' })).toBe(
    `${start}spec.signerName: Invalid value: "one": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
  )
  expect(await message({ signerName: 'one/two' })).toBe(
    `${start}spec.signerName: Invalid value: "one": should be a domain with at least two segments separated by dots`,
  )
  expect(await message({ signerName: 'kubernetes.io/legacy-unknown' })).toContain(
    'the legacy signerName is not allowed via this API version',
  )
  expect(await message({ expirationSeconds: 599 })).toBe(
    `${start}spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)`,
  )
  await close()
})

test('Nobody asks for a certificate of the group that may do everything', async () => {
  const { ask, close } = await openTestServer()
  const refused = await ask(`POST ${path}`, wanted('a', { request: requestFor('x', ['system:masters']) }))
  expect(refused.status).toBe(403)
  expect(refused.body.message).toBe(
    'certificatesigningrequests.certificates.k8s.io "a" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  )
  await close()
})

const approved = (body: Record<string, unknown>, type = 'Approved') => ({
  ...body,
  status: { conditions: [{ type, status: 'True', reason: 'Test', message: 'm' }] },
})

test('approval says yes or no, once, and stamps the times', async () => {
  const { ask, close } = await openTestServer()
  const { body } = await ask(`POST ${path}`, wanted('a'))
  const answer = await ask(`PUT ${path}/a/approval`, approved(body))
  expect(answer.status).toBe(200)
  expect(answer.body.status).toEqual({
    conditions: [
      {
        type: 'Approved',
        status: 'True',
        reason: 'Test',
        message: 'm',
        lastUpdateTime: '2026-01-01T12:00:00Z',
        lastTransitionTime: '2026-01-01T12:00:00Z',
      },
    ],
  })
  const both = structuredClone(answer.body) as unknown as CertificateSigningRequest
  both.status!.conditions!.push({ type: 'Denied', status: 'True' })
  expect((await ask(`PUT ${path}/a/approval`, both)).body.message).toContain(
    'status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
  )
  const none = await ask(`PUT ${path}/a/approval`, { ...answer.body, status: {} })
  expect(none.body.message).toContain('updates may not remove a condition of type "Approved"')
  const table = await ask(`GET ${path}`, undefined, {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  })
  expect((table.body.rows as { cells: unknown[] }[])[0]!.cells).toEqual([
    'a',
    '0s',
    'kubernetes.io/kube-apiserver-client',
    'admin',
    '<none>',
    'Approved',
  ])
  await close()
})

test('status takes a certificate once, and says nothing about approval', async () => {
  const { ask, close } = await openTestServer()
  const { certificate } = createAuthority('x', { notBeforeMs: 0, notAfterMs: Date.now() })
  expect(new X509Certificate(certificate).ca).toBe(true)
  const { body } = await ask(`POST ${path}`, wanted('a'))
  const put = async (status: object) => ask(`PUT ${path}/a/status`, { ...body, status })
  expect((await put({ conditions: [{ type: 'Approved', status: 'True' }] })).body.message).toContain(
    'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  )
  expect((await put({ certificate: base64('x') })).body.message).toContain(
    'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
  )
  const signed = await put({ certificate: base64(certificate) })
  expect(signed.status).toBe(200)
  const second = createAuthority('y', { notBeforeMs: 0, notAfterMs: Date.now() }).certificate
  const again = await ask(`PUT ${path}/a/status`, {
    ...signed.body,
    status: { certificate: base64(second) },
  })
  expect(again.body.message).toContain(
    'status.certificate: Forbidden: updates may not modify existing certificate content',
  )
  await close()
})

const rbac = '/apis/rbac.authorization.k8s.io/v1'

/** Everything about requests, and of `verb` on one signer. */
async function grant(ask: Awaited<ReturnType<typeof openTestServer>>['ask'], verb: string, signer: string) {
  const apiGroups = ['certificates.k8s.io']
  const rules = [
    { apiGroups, resources: ['certificatesigningrequests', '*/approval', '*/status'], verbs: ['*'] },
    { apiGroups, resources: ['signers'], verbs: [verb], resourceNames: [signer] },
  ]
  await ask(`POST ${rbac}/clusterroles`, { metadata: { name: 'r' }, rules })
  await ask(`POST ${rbac}/clusterrolebindings`, {
    metadata: { name: 'r' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
  })
}

test.each([
  ['approve', 'kubernetes.io/*', 200],
  ['approve', 'kubernetes.io/kube-apiserver-client', 200],
  ['approve', 'example.com/*', 403],
  ['sign', 'kubernetes.io/*', 403],
])('Who may %s for %s gets %i for an approval', async (verb, signer, status) => {
  const { ask, close } = await openTestServer({ rbac: true })
  await grant(ask, verb, signer)
  const { body } = await ask(`POST ${path}`, wanted('a'), { user: admin })
  const answer = await ask(`PUT ${path}/a/approval`, approved(body), { user: jane })
  expect(answer.status).toBe(status)
  if (status === 403) {
    expect(answer.body.message).toBe(
      'certificatesigningrequests.certificates.k8s.io "a" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"',
    )
  }
  await close()
})

test('Who may not sign changes nothing of the status', async () => {
  const { ask, close } = await openTestServer({ rbac: true })
  await grant(ask, 'approve', 'kubernetes.io/*')
  const { body } = await ask(`POST ${path}`, wanted('a'))
  const answer = await ask(`PUT ${path}/a/status`, approved(body, 'Failed'), { user: jane })
  expect(answer.body.message).toBe(
    'certificatesigningrequests.certificates.k8s.io "a" is forbidden: user not permitted to sign requests with signerName "kubernetes.io/kube-apiserver-client"',
  )
  expect((await ask(`PUT ${path}/a/status`, body, { user: jane })).status).toBe(200)
  await close()
})
