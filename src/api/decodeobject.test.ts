import { expect, test } from 'vitest'
import { completeObject, decodeObject, decodeText } from './decodeobject.ts'

const pod = { group: '', version: 'v1', kind: 'Pod' }
const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' }
const configMap = { group: '', version: 'v1', kind: 'ConfigMap' }
const secret = { group: '', version: 'v1', kind: 'Secret' }
const service = { group: '', version: 'v1', kind: 'Service' }
const lease = { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease' }

test('Nulls, unknown fields and empty optional values disappear, pointers keep their zero', () => {
  const { object, warnings } = decodeObject(deployment, {
    metadata: { name: 'web', creationTimestamp: null, annotations: {}, labels: { a: '' } },
    spec: {
      replicas: 0,
      paused: false,
      foo: 1,
      template: {
        spec: {
          nodeName: '',
          hostNetwork: false,
          automountServiceAccountToken: false,
          containers: [{ name: 'a', args: [], bar: {} }],
          volumes: null,
        },
      },
    },
  })
  expect(object).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { a: '' } },
    spec: {
      replicas: 0,
      strategy: {},
      template: {
        metadata: {},
        spec: { automountServiceAccountToken: false, containers: [{ name: 'a', resources: {} }] },
      },
    },
    status: {},
  })
  expect(warnings).toEqual([
    'unknown field "spec.foo"',
    'unknown field "spec.template.spec.containers[0].bar"',
  ])
})

test('Null in a map or a list is the zero value, as in Go', () => {
  expect(decodeObject(configMap, { data: { a: null, b: 'x' } }).object).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {},
    data: { a: '', b: 'x' },
  })
  const { object } = decodeObject(pod, { spec: { containers: [null, { name: 'a', command: [null] }] } })
  expect(object).toMatchObject({
    spec: { containers: [{ resources: {} }, { name: 'a', command: [''], resources: {} }] },
  })
})

test('Quantities, times and base64 come out in canonical form', () => {
  const container = {
    name: 'a',
    resources: { limits: { cpu: '1000m', memory: '1024Mi', 'example.com/x': 2 } },
  }
  const { object } = decodeObject(pod, {
    metadata: { creationTimestamp: '2020-01-01T00:00:00.5+01:00' },
    spec: { containers: [container] },
  })
  expect(object).toMatchObject({
    metadata: { creationTimestamp: '2019-12-31T23:00:00Z' },
    spec: { containers: [{ resources: { limits: { cpu: '1', memory: '1Gi', 'example.com/x': '2' } } }] },
  })
  expect(
    decodeObject(lease, { spec: { renewTime: '2020-01-01T00:00:00.123456+01:00' } }).object,
  ).toMatchObject({ spec: { renewTime: '2019-12-31T23:00:00.123456Z' } })
  expect(decodeObject(secret, { data: { a: 'YWJ\njZA==', b: '' } }).object).toMatchObject({
    data: { a: 'YWJjZA==', b: '' },
  })
})

test.each([
  [
    configMap,
    { data: { a: 1 } },
    'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
  ],
  [
    configMap,
    { metadata: 5 },
    'json: cannot unmarshal number into Go struct field ConfigMap.metadata of type v1.ObjectMeta',
  ],
  [
    configMap,
    { metadata: { labels: [] } },
    'json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string',
  ],
  [
    pod,
    { spec: { containers: [{ name: 'a', ports: [{ containerPort: 'x' }] }] } },
    'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
  ],
  [
    pod,
    { spec: { containers: { name: 'a' } } },
    'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
  ],
  [
    pod,
    { spec: { containers: [5] } },
    'json: cannot unmarshal number into Go struct field PodSpec.spec.containers of type v1.Container',
  ],
  [
    pod,
    { spec: { priority: 1.5 } },
    'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
  ],
  [
    pod,
    { spec: { priority: 99999999999 } },
    'json: cannot unmarshal number 99999999999 into Go struct field PodSpec.spec.priority of type int32',
  ],
  [
    pod,
    { spec: { hostNetwork: 'yes' } },
    'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
  ],
  [
    pod,
    { spec: { containers: [{ resources: { limits: { cpu: 'abc' } } }] } },
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
  [
    pod,
    { metadata: { creationTimestamp: 'x' } },
    'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
  ],
  [secret, { data: { a: 'ab%d' } }, 'illegal base64 data at input byte 2'],
  [
    service,
    { spec: { ports: [{ targetPort: true }] } },
    'json: cannot unmarshal bool into Go struct field ServicePort.spec.ports.targetPort of type int32',
  ],
])('%o refuses %j', (gvk, value, message) => {
  const start = `${gvk.kind} in version "v1" cannot be handled as a ${gvk.kind}: `
  expect(() => decodeObject(gvk, value)).toThrow(
    expect.objectContaining({ code: 400, reason: 'BadRequest', message: start + message }),
  )
})

test.each([
  [
    { kind: 'Service', apiVersion: 'v1' },
    'Service in version "v1" cannot be handled as a Pod: converting (v1.Service) to (core.Pod): unknown conversion',
  ],
  [
    { kind: 'Foo', apiVersion: 'foo/v1' },
    'Foo in version "v1" cannot be handled as a Pod: no kind "Foo" is registered for version "foo/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
  ],
  [
    { kind: 1 },
    `the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string ({"kind":1})`,
  ],
  [
    [],
    `the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)`,
  ],
])('A Pod is expected and %j refused', (value, message) => {
  expect(() => decodeObject(pod, value)).toThrow(expect.objectContaining({ code: 400, message }))
})

test('decodeText() says what is wrong with a text that is no JSON', () => {
  const start =
    "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
  expect(() => decodeText(pod, 'hello')).toThrow(
    `${start}invalid character 'h' looking for beginning of value (68656c6c6f)`,
  )
  expect(() => decodeText(pod, '')).toThrow(`${start}unexpected end of JSON input (<empty>)`)
  expect(() => decodeText(pod, '{"kind":')).toThrow(`${start}unexpected end of JSON input ({"kind":)`)
})

test('Strict refuses unknown and duplicate fields, Ignore says nothing, the default warns', () => {
  const text = '{"spec":{"replicas":1,"replicas":2,"foo":1}}'
  const problems = ['duplicate field "spec.replicas"', 'unknown field "spec.foo"']
  expect(() => decodeText(deployment, text, { fieldValidation: 'Strict' })).toThrow(
    `Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: ${problems.join(', ')}`,
  )
  expect(decodeText(deployment, text, { fieldValidation: 'Ignore' }).warnings).toEqual([])
  expect(decodeText(deployment, text).warnings).toEqual(problems)
  expect(decodeText(deployment, text).object).toMatchObject({ spec: { replicas: 2 } })
})

test('A refused value does not disturb the next one', () => {
  expect(() => decodeObject(pod, { spec: { containers: [{ name: 1 }] } })).toThrow()
  expect(decodeObject(pod, { spec: { bar: 1 } }).warnings).toEqual(['unknown field "spec.bar"'])
})

test('completeObject() puts back what Go always has', () => {
  const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: {} }
  completeObject(service, object)
  expect(object).toEqual({ ...object, status: { loadBalancer: {} } })
})
