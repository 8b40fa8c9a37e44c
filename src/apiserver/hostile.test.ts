// Requests that mean harm, against the whole of the API server: each gets a proper Status of the client's
// fault, none hurts the process, and the server is there for the next one.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { heavyNames } from '../../test/fuzzing.ts'
import { StatusError } from '../api/status.ts'
import { type Asking, openTestServer } from './apiserver.fake.ts'

/** For machines that do much else. */
const patient = { timeout: 30_000 }

let server: Awaited<ReturnType<typeof openTestServer>>
const maps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const deployment = '/apis/apps/v1/namespaces/default/deployments/web'

beforeAll(async () => {
  server = await openTestServer()
  const made = (path: string, object: object) => server.ask(`POST ${path}`, object)
  await made('/api/v1/namespaces', { metadata: { name: 'default' } })
  await made('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  await made(maps, { metadata: { name: 'victim', finalizers: ['a/b'] }, data: { a: 'b' } })
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web' }] } }
  const spec = { selector: { matchLabels: labels }, template }
  await made('/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'web' }, spec })
})

afterAll(() => server.close())

/** Code and message of an answer; what cannot even be a request is refused as the wire would. */
async function answered(line: string, body?: unknown, asking?: Asking): Promise<[number, string]> {
  try {
    const { status, text } = await server.ask(line, body, asking)
    return [status, text.startsWith('{"kind":"Status"') ? JSON.parse(text).message : '']
  } catch (error) {
    if (error instanceof StatusError) return [error.code, error.message]
    throw error
  }
}

const many = <T>(count: number, of: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => of(index))
const nested = (depth: number, [open, close]: readonly [string, string] = ['{"a":', '}']) =>
  `${open.repeat(depth)}1${close.repeat(depth)}`
const brackets = ['[', ']'] as const
const meta = (name: string) => `"metadata":{"name":"${name}"}`

const unrecognized =
  "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: "

test('Bodies that are no JSON, or nest without end, are 400 with what is wrong', patient, async () => {
  const bodies: readonly (readonly [string, string])[] = [
    ['hello', "invalid character 'h' looking for beginning of value"],
    ['', 'unexpected end of JSON input'],
    ['{"metadata":{"name":"a', 'unexpected end of JSON input'],
    ['{"metadata":{"name":"\\x"}}', "invalid character 'x' in string escape code"],
    [nested(1_000_000, brackets), 'exceeded max depth'],
    ['['.repeat(1_500_000), 'exceeded max depth'],
    [nested(200_000), 'exceeded max depth'],
    [`{${meta('a')},"data":${nested(1001)}}`, 'exceeded max depth'],
    [`{"a":1,"a":2,"b":${nested(100_000)}}`, 'exceeded max depth'],
  ]
  for (const [body, why] of bodies) {
    const [status, message] = await answered(`POST ${maps}`, body)
    expect([status, message.slice(0, (unrecognized + why).length)]).toEqual([400, unrecognized + why])
  }
  expect(await answered(`POST ${maps}`, `{${meta('deep')},"unknown":${nested(990)}}`)).toEqual([201, ''])
})

test(
  'Wrong types, absurd names and values of any size are never a fault of the server',
  patient,
  async () => {
    const texts = [
      null,
      1,
      true,
      'x',
      '',
      [],
      {},
      [[]],
      1e308,
      -0,
      '\ud800',
      'a/b',
      '..',
      'a\0b',
      'x'.repeat(2_000_000),
    ]
    const fields = ['metadata', 'data', 'binaryData', 'kind', 'apiVersion', 'immutable']
    const metaFields = [
      'name',
      'namespace',
      'labels',
      'annotations',
      'uid',
      'resourceVersion',
      'generation',
      'finalizers',
      'ownerReferences',
      'creationTimestamp',
      'deletionTimestamp',
      'generateName',
      'managedFields',
    ]
    for (const value of texts) {
      for (const field of fields) {
        const [status] = await answered(`POST ${maps}`, { metadata: { generateName: 'a-' }, [field]: value })
        expect([field, value, status < 500], String(status)).toEqual([field, value, true])
      }
      for (const field of metaFields) {
        const object = { metadata: { generateName: 'b-', [field]: value } }
        const [status] = await answered(`POST ${maps}`, object)
        expect([field, value, status < 500], String(status)).toEqual([field, value, true])
      }
    }
  },
)

test('Lists of tens of thousands are answered, and do not cost more than their length', patient, async () => {
  const container = (fields: object) => ({ containers: [{ name: 'a', image: 'a', ...fields }] })
  const specs: Record<string, object> = {
    ports: container({ ports: many(20_000, () => ({ containerPort: 80 })) }),
    hostPorts: container({ ports: many(20_000, index => ({ containerPort: 80, hostPort: index + 1 })) }),
    env: container({ env: many(30_000, index => ({ name: `A${index}`, value: '$(A0)' })) }),
    containers: { containers: many(20_000, () => ({ name: 'a', image: 'a' })) },
    tolerations: { ...container({}), tolerations: many(30_000, () => ({ operator: 'Exists' })) },
    hostAliases: { ...container({}), hostAliases: many(30_000, () => ({ ip: '::1', hostnames: ['a'] })) },
    mounts: container({ volumeMounts: many(30_000, () => ({ name: 'x', mountPath: 'x:', readOnly: true })) }),
    spread: {
      ...container({}),
      topologySpreadConstraints: many(20_000, index => ({ topologyKey: `a${index}` })),
    },
    quantity: container({ resources: { limits: { cpu: '1e1000', memory: '9'.repeat(1_000_000) } } }),
  }
  for (const [name, spec] of Object.entries(specs)) {
    const [status] = await answered(`POST ${pods}`, { metadata: { name: name.toLowerCase() }, spec })
    expect([name, status < 500]).toEqual([name, true])
  }
  const ownerReferences = many(20_000, index => ({
    kind: 'A',
    name: `a${index}`,
    uid: 'a',
    controller: true,
  }))
  const [status, message] = await answered(`POST ${maps}`, { metadata: { name: 'owned', ownerReferences } })
  expect([status, /, and \d+ more\]$/.test(message)]).toEqual([422, true])
  const unknown = `{${meta('unknown')},${many(100_000, index => `"u${index}":1`).join(',')}}`
  const twice = `{${meta('twice')},"data":{${many(200_000, () => '"a":"1"').join(',')}}}`
  expect([(await answered(`POST ${maps}`, unknown))[0], (await answered(`POST ${maps}`, twice))[0]]).toEqual([
    201, 201,
  ])
})

const patchType = (name: string): Asking => ({ contentType: `application/${name}+json` })

test('Patches on prototypes, bombs and nonsense change nothing they should not', patient, async () => {
  const copies = (from: string, path: string) => many(9_000, () => ({ op: 'copy', from, path }))
  const rejected = 'the server rejected our request due to an error in our request'
  const patches: readonly (readonly [unknown, number, string])[] = [
    [[{ op: 'add', path: '/__proto__/x', value: 1 }], 422, rejected],
    [[{ op: 'add', path: '/constructor/prototype/x', value: 1 }], 422, rejected],
    [[{ op: 'add', path: '/a'.repeat(500_000), value: 1 }], 422, rejected],
    [
      many(10_001, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' })),
      413,
      'Request entity is too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    ],
    [[{ op: 'add', path: '/x', value: ['x'.repeat(1000)] }, ...copies('/x', '/x/-')], 422, rejected],
    [
      [
        { op: 'add', path: '/x', value: { y: {} } },
        ...many(2_000, () => ({ op: 'copy', from: '/x', path: '/x/y' })),
      ],
      422,
      rejected,
    ],
    [
      `[{"op":"add","path":"/x","value":${nested(100_000)}}]`,
      400,
      'error decoding patch: exceeded max depth',
    ],
    [[{ op: 'replace', path: '/metadata', value: [] }], 422, ''],
  ]
  for (const [patch, status, message] of patches) {
    const found = await answered(`PATCH ${maps}/victim`, patch, patchType('json-patch'))
    expect([found[0], message === '' ? '' : found[1]]).toEqual([status, message])
  }
  for (const name of ['merge-patch', 'strategic-merge-patch']) {
    for (const patch of [
      '',
      '[]',
      '"x"',
      nested(100_000),
      '{"kind":{}}',
      '{"metadata":null}',
      '{"metadata":1}',
      '{"$patch":"x"}',
      '{"$patch":1}',
      '{"$retainKeys":1}',
      '{"metadata":{"$setElementOrder/finalizers":1}}',
      '{"spec":{"template":{"spec":{"containers":[{"image":"x"}]}}}}',
      '{"__proto__":{"x":1}}',
    ]) {
      const [status] = await answered(`PATCH ${deployment}`, patch, patchType(name))
      expect([patch.slice(0, 80), status < 500], `${name} ${status}`).toEqual([patch.slice(0, 80), true])
    }
  }
  expect(Object.keys(Object.prototype)).toEqual([])
  expect((await server.ask(`GET ${maps}/victim`)).body['data']).toEqual({ a: 'b' })
})

test('Selectors and query parameters of any size are answered at once', patient, async () => {
  const queries = [
    `labelSelector=${'a,'.repeat(100_000)}`,
    `labelSelector=${'('.repeat(100_000)}`,
    `labelSelector=${'!'.repeat(100_000)}`,
    `labelSelector=a+in+(${'b,'.repeat(100_000)}`,
    `labelSelector=${'a'.repeat(1_000_000)}`,
    'labelSelector=%00',
    `labelSelector=a%3E${'9'.repeat(100_000)}`,
    `fieldSelector=${'metadata.name=a,'.repeat(50_000)}`,
    `fieldSelector=${'\\'.repeat(100_000)}`,
    'fieldSelector==',
    'limit=-5',
    'limit=1e9',
    'limit=abc',
    '%zz',
    '%ff',
    `continue=${'a'.repeat(100_000)}`,
    'resourceVersion=abc',
    'resourceVersion=-1',
    `resourceVersion=${'9'.repeat(99)}`,
    'resourceVersionMatch=x',
    'timeout=abc',
    'watch=1&resourceVersion=abc',
    `${'a'.repeat(100_000)}`,
    many(50_000, index => `k${index}=1`).join('&'),
    'limit=1&'.repeat(50_000),
  ]
  for (const query of queries) {
    const [status] = await answered(`GET ${maps}?${query}`)
    expect([query.slice(0, 60), status < 500], String(status)).toEqual([query.slice(0, 60), true])
  }
})

test('Paths that lead nowhere are 4xx, also those that mean something to JavaScript', patient, async () => {
  const within = [
    '/api',
    '/api/v1',
    '/apis',
    '/apis/apps/v1',
    maps,
    `${maps}/victim`,
    pods,
    `${pods}/a`,
    '/healthz',
    '/openapi/v3',
    '',
  ]
  const names = [
    ...heavyNames,
    '%00',
    '%2e%2e',
    '..',
    '%2f',
    '日本',
    '%zz',
    'a'.repeat(100_000),
    'a:b:c/proxy/x',
    'watch',
    'proxy',
  ]
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'constructor', 'TRACE']) {
    for (const path of within) {
      for (const name of names.filter(name => name !== '' || method === 'GET')) {
        const asking = method === 'PATCH' ? patchType('merge-patch') : {}
        const [status] = await answered(
          `${method} ${path}/${name}`,
          method === 'GET' ? undefined : '{}',
          asking,
        )
        const line = `${method} ${path}/${name.slice(0, 40)}`
        expect([line, status < 500], String(status)).toEqual([line, true])
      }
    }
  }
})

test('Media types, options of deletions and protobuf that are nonsense are 4xx', patient, async () => {
  for (const contentType of [
    'text/plain',
    ';;;',
    'constructor',
    '__proto__',
    'application/json;'.repeat(1000),
  ]) {
    const [status] = await answered(`POST ${maps}`, '{}', { contentType })
    expect(status === 415 || status === 422, `${contentType} ${status}`).toBe(true)
  }
  for (const accept of [
    'text/html',
    'constructor',
    '__proto__',
    ','.repeat(10_000),
    'application/json;as=__proto__;v=v1;g=meta.k8s.io',
  ]) {
    const [status] = await answered(`GET ${maps}`, undefined, { headers: { accept } })
    expect(status, accept).toBe(406)
  }
  const protobuf = { contentType: 'application/vnd.kubernetes.protobuf' }
  for (const body of ['', 'k8s\0', 'k8s\0garbage', 'k8s\0\x0a\xff\xff\xff\xff\x0f']) {
    expect((await answered(`POST ${maps}`, body, protobuf))[0], JSON.stringify(body)).toBe(400)
  }
  for (const options of [
    '"x"',
    '[]',
    '{"gracePeriodSeconds":"x"}',
    '{"gracePeriodSeconds":1e99}',
    '{"propagationPolicy":{}}',
    '{"preconditions":1}',
    '{"preconditions":{"uid":{}}}',
    '{"dryRun":1}',
    '{"dryRun":[{}]}',
    '{"kind":{}}',
    nested(100_000),
  ]) {
    const [status] = await answered(`DELETE ${maps}/victim?dryRun=All`, options)
    expect([options.slice(0, 40), status < 500], String(status)).toEqual([options.slice(0, 40), true])
  }
  expect((await answered(`GET ${maps}/victim`))[0]).toBe(200)
  expect((await server.ask('GET /readyz')).text).toBe('ok')
})
