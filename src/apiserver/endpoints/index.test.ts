import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect, openTestServer } from '../apiserver.fake.ts'

let server: Awaited<ReturnType<typeof openTestServer>>
const maps = '/api/v1/namespaces/default/configmaps'
const turn = () => new Promise(resolve => setImmediate(resolve))

const configMap = (name: string, data: Record<string, string> = { a: '1' }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server.close())

test('An object is created, read, replaced, listed and deleted', async () => {
  const created = await server.ask(`POST ${maps}`, configMap('one'))
  expect(created.status).toBe(201)
  const { uid, resourceVersion } = created.body.metadata as { uid: string; resourceVersion: string }
  expect(
    created.text.startsWith('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"'),
  ).toBe(true)
  expect((await server.ask(`GET ${maps}/one`)).text).toBe(created.text)
  const replaced = await server.ask(`PUT ${maps}/one`, configMap('one', { a: '2' }))
  expect([replaced.status, replaced.body.data]).toEqual([200, { a: '2' }])
  const stale = { ...configMap('one'), metadata: { name: 'one', resourceVersion } }
  expect((await server.ask(`PUT ${maps}/one`, stale)).status).toBe(409)
  const listed = await server.ask(`GET ${maps}`)
  expect(listed.body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' })
  const items = listed.body.items as { kind?: string; metadata: { name: string } }[]
  expect(items.map(item => [item.kind, item.metadata.name])).toContainEqual([undefined, 'one'])
  const deleted = await server.ask(`DELETE ${maps}/one`)
  expect([deleted.status, deleted.body]).toEqual([
    200,
    {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'one', kind: 'configmaps', uid },
    },
  ])
  expect((await server.ask(`GET ${maps}/one`)).body.message).toBe('configmaps "one" not found')
})

test.each([
  ['{"kind":"ConfigMap"', 400, 'json parse error: unexpected end of JSON input'],
  [{ kind: 'Secret', apiVersion: 'v1' }, 400, 'Secret in version "v1" cannot be handled as a ConfigMap'],
  ['', 400, '(<empty>)'],
])('A body that is no ConfigMap is refused: %j', async (body, status, part) => {
  const answer = await server.ask(`POST ${maps}`, body)
  expect(answer.status).toBe(status)
  expect(answer.body.message).toContain(part)
})

test('A body in YAML is taken, one in another format is refused', async () => {
  const yaml = 'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: from-yaml\ndata:\n  a: "1"\n'
  expect((await server.ask(`POST ${maps}`, yaml, { contentType: 'application/yaml' })).status).toBe(201)
  const refused = await server.ask(`POST ${maps}`, yaml, { contentType: 'text/plain' })
  expect([refused.status, refused.body.message]).toEqual([
    415,
    'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json, application/yaml, application/vnd.kubernetes.protobuf',
  ])
})

test('A PUT whose names do not match is refused as upstream refuses it', async () => {
  const put = async (body: object) => (await server.ask(`PUT ${maps}/y`, body)).body.message
  expect(await put(configMap('x'))).toBe('the name of the object (x) does not match the name on the URL (y)')
  expect(await put({ ...configMap('y'), metadata: {} })).toBe(
    'the name of the object (y based on URL) was undeterminable: name must be provided',
  )
  expect(await put({ ...configMap('y'), metadata: { name: 'y', namespace: 'other' } })).toBe(
    'the namespace of the object (other) does not match the namespace on the request (default)',
  )
})

test('Unknown fields are warned about, refused or passed over, as fieldValidation says', async () => {
  const odd = (name: string) => ({ ...configMap(name), extra: 1 })
  const warned = await server.ask(`POST ${maps}`, odd('odd-1'))
  expect([warned.status, warned.warnings]).toEqual([201, ['unknown field "extra"']])
  const ignored = await server.ask(`POST ${maps}?fieldValidation=Ignore`, odd('odd-2'))
  expect([ignored.status, ignored.warnings]).toEqual([201, []])
  const strict = await server.ask(`POST ${maps}?fieldValidation=Strict`, odd('odd-3'))
  expect([strict.status, strict.body.message]).toEqual([
    400,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "extra"',
  ])
})

test('A dry run writes nothing, and is All or refused', async () => {
  expect((await server.ask(`POST ${maps}?dryRun=All`, configMap('dry'))).status).toBe(201)
  expect((await server.ask(`GET ${maps}/dry`)).status).toBe(404)
  const refused = await server.ask(`POST ${maps}?dryRun=foo`, configMap('dry'))
  expect([refused.status, refused.body.message]).toEqual([
    422,
    'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["foo"]: supported values: "All"',
  ])
  for (const line of [
    `POST ${maps}?dryRun=`,
    `DELETE ${maps}/one?dryRun=`,
    `PUT ${maps}/one?dryRun=&dryRun=All`,
  ]) {
    expect([
      line,
      (await server.ask(line, line.startsWith('D') ? undefined : configMap('one'))).status,
    ]).toEqual([line, 422])
  }
})

test('Deletion options that do not fit their types delete nothing', async () => {
  await server.ask(`POST ${maps}`, configMap('kept'))
  for (const [options, message] of [
    [
      { preconditions: 1 },
      'json: cannot unmarshal number into Go struct field DeleteOptions.preconditions of type',
    ],
    [{ preconditions: { uid: {} } }, 'json: cannot unmarshal object into Go struct field'],
    [
      { dryRun: 'All' },
      'json: cannot unmarshal string into Go struct field DeleteOptions.dryRun of type []string',
    ],
    [{ propagationPolicy: {} }, 'json: cannot unmarshal object into Go struct field'],
    [{ orphanDependents: 'x' }, 'json: cannot unmarshal string into Go struct field'],
    [{ gracePeriodSeconds: '1' }, 'json: cannot unmarshal string into Go struct field'],
    [{ kind: 'Pod', apiVersion: 'v1' }, 'Pod cannot be handled as DeleteOptions'],
    [[], 'the body of a deletion must be DeleteOptions'],
  ] as const) {
    const { status, body } = await server.ask(`DELETE ${maps}/kept`, options)
    expect([status, body.message?.slice(0, message.length)]).toEqual([400, message])
  }
  const unknownPolicy = await server.ask(`DELETE ${maps}/kept?propagationPolicy=`)
  expect([unknownPolicy.status, (await server.ask(`GET ${maps}/kept`)).status]).toEqual([422, 200])
  expect((await server.ask(`DELETE ${maps}/kept`, 'null')).status).toBe(200)
})

test('Null is an object that sets nothing, and a media type must be one', async () => {
  const none = await server.ask(`POST ${maps}`, 'null')
  const required = 'metadata.name: Required value: name or generateName is required'
  expect([none.status, none.body.message]).toEqual([422, `ConfigMap "" is invalid: ${required}`])
  for (const contentType of ['application/json; x', ';', 'application/json;a=b;c']) {
    expect((await server.ask(`POST ${maps}`, configMap('typed'), { contentType })).status).toBe(415)
  }
  for (const contentType of ['application/json;', 'application/json; charset=utf-8']) {
    const created = await server.ask(`POST ${maps}?dryRun=All`, configMap('typed'), { contentType })
    expect(created.status).toBe(201)
  }
})

test('A PUT that means an object by its UID conflicts when that is gone', async () => {
  const meant = { ...configMap('gone'), metadata: { name: 'gone', uid: 'a' } }
  const { status, body } = await server.ask(`PUT ${maps}/gone`, meant)
  expect([status, body.message]).toEqual([
    409,
    'Operation cannot be fulfilled on configmaps "gone": StorageError: invalid object, Code: 4, ' +
      'Key: /registry/configmaps/default/gone, ResourceVersion: 0, AdditionalErrorMsg: ' +
      'Precondition failed: UID in precondition: a, UID in object meta: ',
  ])
  expect((await server.ask(`PUT ${maps}/gone`, configMap('gone'))).status).toBe(404)
})

test('Deletion options that contradict each other are refused', async () => {
  const body = { propagationPolicy: 'Background', orphanDependents: true }
  expect((await server.ask(`DELETE ${maps}/x`, body)).body.message).toBe(
    'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Background": ' +
      'orphanDependents and deletionPropagation cannot be both set',
  )
})

test('A watch sends what is there, then each change, and ends with the client', async () => {
  await server.ask('POST /api/v1/namespaces', { metadata: { name: 'watched' } })
  const path = '/api/v1/namespaces/watched/configmaps'
  await server.ask(`POST ${path}`, configMap('first'))
  const watching = collect(await server.reply(`GET ${path}?watch=true`))
  await server.ask(`PUT ${path}/first`, configMap('first', { a: '2' }))
  await server.ask(`DELETE ${path}/first`)
  await turn()
  expect(watching.events().map(event => [event.type, event.object.metadata.name, event.object.data])).toEqual(
    [
      ['ADDED', 'first', { a: '1' }],
      ['MODIFIED', 'first', { a: '2' }],
      ['DELETED', 'first', { a: '2' }],
    ],
  )
  watching.close()
})

test('Lists, objects and watches come as Tables and as bare metadata', async () => {
  await server.ask(`POST ${maps}`, configMap('shown'))
  const table = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }
  const listed = await server.ask(`GET ${maps}`, undefined, table)
  expect(listed.body.kind).toBe('Table')
  const one = await server.ask(`GET ${maps}/shown`, undefined, table)
  expect((one.body.rows as { cells: unknown[] }[])[0]!.cells[0]).toBe('shown')
  const watching = collect(await server.reply(`GET ${maps}?watch=1&fieldSelector=metadata.name=shown`, table))
  await turn()
  expect(watching.events()[0]).toMatchObject({ type: 'ADDED', object: { kind: 'Table' } })
  const partial = { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } }
  const bare = await server.ask(`GET ${maps}/shown`, undefined, partial)
  expect([bare.body.kind, bare.body.data]).toEqual(['PartialObjectMetadata', undefined])
  expect((await server.ask(`GET ${maps}`, undefined, partial)).status).toBe(406)
})

test('YAML is written for who asks for it, and not as a stream', async () => {
  const yaml = { headers: { accept: 'application/yaml' } }
  expect((await server.ask('GET /api/v1/namespaces/default', undefined, yaml)).text).toContain(
    'kind: Namespace\n',
  )
  expect((await server.ask(`GET ${maps}?watch=1`, undefined, yaml)).text).toContain(
    'application/json;stream=watch',
  )
})

test('Each kind of patch is applied; server-side apply is refused with what there is', async () => {
  await server.ask(`POST ${maps}`, configMap('patched'))
  const patch = (type: string, body: unknown) =>
    server.ask(`PATCH ${maps}/patched?fieldManager=m`, body, { contentType: `application/${type}` })
  const merged = await patch('merge-patch+json', { data: { a: null, b: '2' } })
  expect([merged.status, merged.body.data]).toEqual([200, { b: '2' }])
  const json = await patch('json-patch+json', [{ op: 'add', path: '/data/c', value: '3' }])
  expect(json.body.data).toEqual({ b: '2', c: '3' })
  const strategic = await patch('strategic-merge-patch+json', { data: { $patch: 'replace', d: '4' } })
  expect(strategic.body.data).toEqual({ d: '4' })
  const mistyped = await patch('strategic-merge-patch+json', { data: { b: 5 } })
  expect([mistyped.status, mistyped.body.message]).toEqual([
    422,
    ' "" is invalid: patch: Invalid value: "map[data:map[b:5]]": cannot convert int64 to string',
  ])
  const unfit = await patch('merge-patch+json', { data: { b: 5 } })
  const start = ' "" is invalid: patch: Invalid value: "{'
  const why = 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string'
  expect([unfit.status, unfit.body.message?.slice(0, start.length)]).toEqual([422, start])
  expect(unfit.body.message?.endsWith(`}": ${why}`)).toBe(true)
  const renamed = await patch('merge-patch+json', { metadata: { name: 'other' } })
  expect(renamed.body.message).toBe(
    'the name of the object (other) does not match the name on the URL (patched)',
  )
  const applied = await patch('apply-patch+yaml', 'kind: ConfigMap')
  expect([applied.status, applied.body.message]).toEqual([
    415,
    'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json',
  ])
  expect(
    (await server.ask(`PATCH ${maps}/none`, {}, { contentType: 'application/merge-patch+json' })).status,
  ).toBe(404)
})

test('The scale of a Deployment is an object of its own', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments'
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const spec = { replicas: 2, selector: { matchLabels: { a: 'b' } }, template }
  expect((await server.ask(`POST ${path}`, { metadata: { name: 'd' }, spec })).status).toBe(201)
  const scale = await server.ask(`GET ${path}/d/scale`)
  expect(scale.body).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 2 } })
  const contentType = 'application/merge-patch+json'
  await server.ask(`PATCH ${path}/d/scale`, { spec: { replicas: 5 } }, { contentType })
  expect((await server.ask(`GET ${path}/d`)).body.spec).toMatchObject({ replicas: 5 })
  expect((await server.ask(`DELETE ${path}/d/scale`)).status).toBe(405)
})

test('deletecollection deletes what is selected and lists it', async () => {
  await server.ask('POST /api/v1/namespaces', { metadata: { name: 'cleared' } })
  const path = '/api/v1/namespaces/cleared/configmaps'
  for (const name of ['a', 'b']) {
    await server.ask(`POST ${path}`, { ...configMap(name), metadata: { name, labels: { name } } })
  }
  const deleted = await server.ask(`DELETE ${path}?labelSelector=name%3Da`)
  expect([deleted.status, deleted.body.kind]).toEqual([200, 'ConfigMapList'])
  const left = (await server.ask(`GET ${path}`)).body.items as { metadata: { name: string } }[]
  expect(left.map(item => item.metadata.name)).toEqual(['b'])
})
