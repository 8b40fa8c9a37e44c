import { expect, test } from 'vitest'
import { negotiateInput, negotiateOutput } from './negotiation.ts'
import { emptyQuery, parseQuery } from './query.ts'

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'

test.each([
  [undefined, { format: 'json', pretty: false }],
  ['*/*', { format: 'json', pretty: false }],
  ['application/json', { format: 'json', pretty: false }],
  ['application/yaml', { format: 'yaml', pretty: false }],
  ['application/vnd.kubernetes.protobuf, application/json', { format: 'json', pretty: false }],
  [
    `${table},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`,
    { format: 'json', as: 'Table', pretty: false },
  ],
  [
    'application/json;as=Table;v=v2;g=meta.k8s.io, application/json;pretty=1',
    { format: 'json', pretty: true },
  ],
  [
    'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
    { format: 'json', as: 'PartialObjectMetadataList', pretty: false },
  ],
  ['text/html;q=0.1, application/yaml;q=0.5, application/json;q=0.9', { format: 'json', pretty: false }],
])('Accept %s is answered with what the client wants most of what there is', (accept, expected) => {
  expect(negotiateOutput(accept, emptyQuery, 'kubectl/v1.34.0')).toEqual(expected)
})

test.each([
  ['application/vnd.kubernetes.protobuf', { format: 'protobuf', pretty: false }],
  ['application/vnd.kubernetes.protobuf;stream=watch', { format: 'protobuf', pretty: false }],
  [
    'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    { format: 'protobuf', as: 'PartialObjectMetadata', pretty: false },
  ],
  ['application/vnd.kubernetes.protobuf, text/html', { format: 'protobuf', pretty: false }],
  ['application/vnd.kubernetes.protobuf, application/json;q=0.1', { format: 'json', pretty: false }],
])('Accept %s gets protobuf only where JSON is not accepted', (accept, expected) => {
  expect(negotiateOutput(accept, emptyQuery, undefined)).toEqual(expected)
})

test.each(['text/html', 'application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1'])(
  'Accept %s gets 406 with the media types there are',
  accept => {
    expect(() => negotiateOutput(accept, emptyQuery, undefined)).toThrow(
      'only the following media types are accepted: ' +
        'application/json, application/yaml, application/vnd.kubernetes.protobuf',
    )
  },
)

test('curl gets indented JSON unless it says otherwise, and programs get it only when they ask', () => {
  expect(negotiateOutput('*/*', emptyQuery, 'curl/7.88').pretty).toBe(true)
  expect(negotiateOutput('*/*', parseQuery('pretty=false'), 'curl/7.88').pretty).toBe(false)
  expect(negotiateOutput('*/*', parseQuery('pretty=true'), 'kubectl').pretty).toBe(true)
  expect(negotiateOutput('*/*', emptyQuery, 'kubectl').pretty).toBe(false)
})

test('Bodies are read as JSON or YAML and refused as anything else', () => {
  expect(negotiateInput(undefined)).toBe('json')
  expect(negotiateInput('application/json; charset=utf-8')).toBe('json')
  expect(negotiateInput('application/yaml')).toBe('yaml')
  expect(negotiateInput('application/vnd.kubernetes.protobuf')).toBe('protobuf')
  expect(() => negotiateInput('text/plain')).toThrow(
    'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json, application/yaml, application/vnd.kubernetes.protobuf',
  )
})
