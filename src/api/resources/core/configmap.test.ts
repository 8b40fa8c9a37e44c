import { expect, test } from 'vitest'
import type { ConfigMap } from '../../generated/types.ts'
import { base64Length, configMaps } from './configmap.ts'

const configMap = (rest: Partial<ConfigMap>): ConfigMap => ({ metadata: { name: 'c' }, ...rest })
const texts = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)

test('keys are file names, once', () => {
  const errors = texts(configMaps.validate!(configMap({ data: { '..a': '', b: '' }, binaryData: { b: '' } })))
  expect(errors).toEqual([
    'data[..a]: Invalid value: "..a": must not start with \'..\'',
    'data[b]: Invalid value: "b": duplicate of key present in binaryData',
  ])
})

test('it holds 1 MiB, bytes counted', () => {
  expect(configMaps.validate!(configMap({ data: { a: 'x'.repeat(1024 * 1024) } }))).toEqual([])
  const errors = configMaps.validate!(configMap({ data: { a: 'é'.repeat(512 * 1024), b: 'x' } }))
  expect(texts(errors)).toEqual(['[]: Too long: may not be more than 1048576 bytes'])
})

test('an immutable one stays as it is', () => {
  const previous = configMap({ data: { a: '1' }, immutable: true })
  const same = { ...previous, metadata: { name: 'c', labels: { a: 'b' } } }
  expect(configMaps.validateUpdate!(same, previous)).toEqual([])
  expect(texts(configMaps.validateUpdate!(configMap({ data: { a: '2' } }), previous))).toEqual([
    'immutable: Forbidden: field is immutable when `immutable` is set',
    'data: Forbidden: field is immutable when `immutable` is set',
  ])
})

test('the row counts the keys', () => {
  const object = configMap({ data: { a: '', b: '' }, binaryData: { c: '' } })
  expect(configMaps.columns!.map(column => column.cell(object, 0))).toEqual(['c', 3, '<unknown>'])
})

test('base64 is measured in the bytes it stands for', () => {
  expect(['', 'YQ==', 'YWI=', 'YWJj'].map(base64Length)).toEqual([0, 1, 2, 3])
})
