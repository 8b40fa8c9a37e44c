// Services through the whole server: what clients see of allocation.
import { afterEach, describe, expect, test } from 'vitest'
import type { Service } from '../../api/generated/types.ts'
import { type Answered, openTestServer } from '../apiserver.fake.ts'

const path = '/api/v1/namespaces/default/services'
const opened: Awaited<ReturnType<typeof openTestServer>>[] = []
async function open() {
  const world = await openTestServer()
  opened.push(world)
  return world
}
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close()
})

const serviceIn = ({ body }: Answered) => body as unknown as Service
const familiesIn = (answer: Answered) => {
  const { spec } = serviceIn(answer)
  return [spec?.ipFamilyPolicy, spec?.ipFamilies, spec?.clusterIPs]
}
const manifest = (spec: object = {}, metadata: object = { name: 'web' }) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata,
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
})

test('A cluster begins with the Service kubernetes and its range', async () => {
  const { ask } = await open()
  expect(familiesIn(await ask(`GET ${path}/kubernetes`))).toEqual(['SingleStack', ['IPv4'], ['10.96.0.1']])
  const range = await ask('GET /apis/networking.k8s.io/v1/servicecidrs/kubernetes')
  expect((range.body as { spec?: object }).spec).toEqual({ cidrs: ['10.96.0.0/16', 'fd00:10:96::/112'] })
  const address = await ask('GET /apis/networking.k8s.io/v1/ipaddresses/10.96.0.1')
  expect((address.body as { spec?: object }).spec).toEqual({
    parentRef: { resource: 'services', namespace: 'default', name: 'kubernetes' },
  })
})

test('A Service looks to its author as on any cluster', async () => {
  const { ask } = await open()
  const made = await ask(`POST ${path}`, manifest({ ipFamilyPolicy: 'PreferDualStack', type: 'NodePort' }))
  expect(made.status).toBe(201)
  expect(serviceIn(made).spec).toEqual({
    selector: { app: 'web' },
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80, nodePort: 30086 }],
    ipFamilyPolicy: 'PreferDualStack',
    type: 'NodePort',
    sessionAffinity: 'None',
    externalTrafficPolicy: 'Cluster',
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4', 'IPv6'],
    clusterIP: '10.96.1.1',
    clusterIPs: ['10.96.1.1', 'fd00:10:96::101'],
  })
  expect(serviceIn(made).status).toEqual({ loadBalancer: {} })
})

test('An address that is taken is refused as by upstream', async () => {
  const { ask } = await open()
  const answer = await ask(`POST ${path}`, manifest({ clusterIP: '10.96.0.1' }))
  expect(answer.body).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message:
      'Service "web" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: ' +
      'provided IP is already allocated',
    reason: 'Invalid',
    details: {
      name: 'web',
      kind: 'Service',
      causes: [
        {
          reason: 'FieldValueInvalid',
          message:
            'Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated',
          field: 'spec.clusterIPs',
        },
      ],
    },
    code: 422,
  })
})

test('A name that is taken costs no address', async () => {
  const { ask } = await open()
  await ask(`POST ${path}`, manifest())
  expect((await ask(`POST ${path}`, manifest())).status).toBe(409)
  const next = await ask(`POST ${path}`, manifest({}, { generateName: 'web-' }))
  expect(next.status).toBe(201)
  const list = await ask('GET /apis/networking.k8s.io/v1/ipaddresses')
  expect((list.body as { items?: unknown[] }).items).toHaveLength(3)
})

test('A dry run takes nothing', async () => {
  const { ask } = await open()
  const shown = await ask(`POST ${path}?dryRun=All`, manifest({ ipFamilyPolicy: 'RequireDualStack' }))
  expect(familiesIn(shown)[2]).toEqual(['10.96.1.1', 'fd00:10:96::101'])
  const list = await ask('GET /apis/networking.k8s.io/v1/ipaddresses')
  expect((list.body as { items?: unknown[] }).items).toHaveLength(1)
})

describe('every kind of patch', () => {
  const upgrade = { spec: { ipFamilyPolicy: 'RequireDualStack' } }
  test.each([
    ['application/merge-patch+json', upgrade],
    ['application/strategic-merge-patch+json', upgrade],
    [
      'application/json-patch+json',
      [{ op: 'replace', path: '/spec/ipFamilyPolicy', value: 'RequireDualStack' }],
    ],
  ])('%s adds a family and takes it away', async (contentType, patch) => {
    const { ask } = await open()
    await ask(`POST ${path}`, manifest())
    const up = await ask(`PATCH ${path}/web`, patch, { contentType })
    expect(familiesIn(up)).toEqual(['RequireDualStack', ['IPv4', 'IPv6'], ['10.96.1.1', 'fd00:10:96::101']])
    const text = JSON.stringify(patch).replace('RequireDualStack', 'SingleStack')
    const down = await ask(`PATCH ${path}/web`, JSON.parse(text), { contentType })
    expect(familiesIn(down)).toEqual(['SingleStack', ['IPv4'], ['10.96.1.1']])
    const gone = await ask('GET /apis/networking.k8s.io/v1/ipaddresses/fd00:10:96::101')
    expect(gone.status).toBe(404)
  })

  test('A port added by a patch gets a node port, the others keep theirs', async () => {
    const { ask } = await open()
    await ask(`POST ${path}`, manifest({ type: 'NodePort', ports: [{ name: 'a', port: 80 }] }))
    const patched = await ask(
      `PATCH ${path}/web`,
      { spec: { ports: [{ name: 'b', port: 81 }] } },
      { contentType: 'application/strategic-merge-patch+json' },
    )
    const ports = serviceIn(patched).spec?.ports?.map(({ name, nodePort }) => [name, nodePort])
    expect(ports?.sort()).toEqual([
      ['a', 30086],
      ['b', 30087],
    ])
  })

  test('A patch of the type drops what the type has no use for', async () => {
    const { ask } = await open()
    await ask(`POST ${path}`, manifest({ type: 'NodePort' }))
    const contentType = 'application/merge-patch+json'
    const plain = await ask(`PATCH ${path}/web`, { spec: { type: 'ClusterIP' } }, { contentType })
    expect(serviceIn(plain).spec?.ports).toEqual([{ port: 80, protocol: 'TCP', targetPort: 80 }])
    const patch = { spec: { type: 'ExternalName', externalName: 'a.b' } }
    const named = await ask(`PATCH ${path}/web`, patch, { contentType })
    expect([named.status, serviceIn(named).spec?.clusterIPs]).toEqual([200, undefined])
  })
})

test('PUT of the manifest alone keeps the address; of another address is refused', async () => {
  const { ask } = await open()
  await ask(`POST ${path}`, manifest())
  const same = await ask(`PUT ${path}/web`, manifest({ sessionAffinity: 'ClientIP' }))
  expect([same.status, familiesIn(same)[2]]).toEqual([200, ['10.96.1.1']])
  const other = await ask(`PUT ${path}/web`, manifest({ clusterIP: '10.96.0.77' }))
  expect([other.status, other.body.message]).toEqual([
    422,
    'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.77"]: may not change once set',
  ])
})

test('An update that changes nothing keeps the resourceVersion', async () => {
  const { ask } = await open()
  const made = await ask(`POST ${path}`, manifest({ ipFamilyPolicy: 'PreferDualStack', type: 'NodePort' }))
  const again = await ask(
    `PUT ${path}/web`,
    manifest({ ipFamilyPolicy: 'PreferDualStack', type: 'NodePort' }),
  )
  expect(again.body.metadata).toEqual(made.body.metadata)
})

test('The status is written without touching the addresses, and checked', async () => {
  const { ask } = await open()
  await ask(`POST ${path}`, manifest({ type: 'LoadBalancer' }))
  const contentType = 'application/merge-patch+json'
  const patch = (ip: string) => ({ status: { loadBalancer: { ingress: [{ ip }] } } })
  const set = await ask(`PATCH ${path}/web/status`, patch('192.0.2.9'), { contentType })
  expect(serviceIn(set).status?.loadBalancer?.ingress).toEqual([{ ip: '192.0.2.9', ipMode: 'VIP' }])
  const wrong = await ask(`PATCH ${path}/web/status`, patch('nowhere'), { contentType })
  expect([wrong.status, wrong.body.message]).toEqual([
    422,
    'Service "web" is invalid: status.loadBalancer.ingress[0].ip: Invalid value: "nowhere": must be a valid IP ' +
      'address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ])
  const plain = await ask(`PATCH ${path}/web`, { spec: { type: 'ClusterIP' } }, { contentType })
  expect(serviceIn(plain).status).toEqual({ loadBalancer: {} })
})

test('A deleted Service gives everything back, with finalizers when the last one goes', async () => {
  const { ask } = await open()
  await ask(`POST ${path}`, manifest({ type: 'NodePort', clusterIP: '10.96.0.9' }))
  await ask(`DELETE ${path}/web`)
  const asked = { type: 'NodePort', clusterIP: '10.96.0.9', ports: [{ port: 80, nodePort: 30086 }] }
  const again = await ask(`POST ${path}`, manifest(asked, { name: 'web', finalizers: ['example.com/stay'] }))
  expect(again.status).toBe(201)
  await ask(`DELETE ${path}/web`)
  expect((await ask(`POST ${path}`, manifest(asked, { name: 'other' }))).status).toBe(422)
  const contentType = 'application/merge-patch+json'
  await ask(`PATCH ${path}/web`, { metadata: { finalizers: [] } }, { contentType })
  expect((await ask(`GET ${path}/web`)).status).toBe(404)
  expect((await ask(`POST ${path}`, manifest(asked, { name: 'other' }))).status).toBe(201)
})

test('A deleted collection gives everything back', async () => {
  const { ask } = await open()
  for (const name of ['a', 'b', 'c']) {
    await ask(`POST ${path}`, manifest({ ipFamilyPolicy: 'RequireDualStack' }, { name, labels: { x: 'y' } }))
  }
  await ask(`DELETE ${path}?labelSelector=x%3Dy`)
  const list = await ask('GET /apis/networking.k8s.io/v1/ipaddresses')
  expect((list.body as { items?: unknown[] }).items).toHaveLength(1)
})

test('Names may begin with a digit, and field selectors know the address and the type', async () => {
  const { ask } = await open()
  expect((await ask(`POST ${path}`, manifest({}, { name: '9lives' }))).status).toBe(201)
  const selected = await ask(`GET ${path}?fieldSelector=spec.clusterIP%3D10.96.1.1,spec.type%3DClusterIP`)
  const { items } = selected.body as unknown as { items: Service[] }
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['9lives'])
})

test('Warnings reach the client', async () => {
  const { ask } = await open()
  const { warnings } = await ask(`POST ${path}`, manifest({ externalIPs: ['192.0.2.1'] }))
  expect(warnings).toContain(
    'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
  )
})

test('What the repair loop finds is an Event', async () => {
  const { ask, clock, store } = await open()
  await ask(`POST ${path}`, manifest())
  const key = '/registry/ipaddresses/10.96.1.1'
  const { revision } = (await store.get(key))!
  await store.write([{ type: 'delete', key, expectedRevision: revision }])
  await clock.advance(5000)
  for (let turn = 0; turn < 20; turn++) await clock.advance(0)
  const { body } = await ask('GET /api/v1/namespaces/default/events')
  const events = (body as { items?: { reason: string; message: string }[] }).items ?? []
  expect(events.map(({ reason, message }) => [reason, message])).toEqual([
    ['ClusterIPNotAllocated', 'Cluster IP [IPv4]: 10.96.1.1 is not allocated; repairing'],
  ])
  expect((await ask('GET /apis/networking.k8s.io/v1/ipaddresses/10.96.1.1')).status).toBe(200)
})
