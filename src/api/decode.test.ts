import { expect, test } from 'vitest'
import { DecodeError, decodeStruct, emptyObject, formatPath } from './decode.ts'
import { loadSchema } from './schema.ts'

const struct = (type: string) => loadSchema().struct(type)!

test('decodeStruct() leaves a value that fits as it is, without a copy', () => {
  const value = { name: 'a', containerPort: 80, protocol: 'TCP' }
  const { object, unknown } = decodeStruct(struct('ContainerPort'), value)
  expect(object).toBe(value)
  expect(object).toEqual({ name: 'a', containerPort: 80, protocol: 'TCP' })
  expect(unknown).toEqual([])
})

test('decodeStruct() throws a DecodeError for a value of another type', () => {
  expect(() => decodeStruct(struct('ContainerPort'), { containerPort: [] })).toThrow(
    new DecodeError(
      'json: cannot unmarshal array into Go struct field ContainerPort.containerPort of type int32',
      'unrecognized type: int32',
    ),
  )
})

test.each([
  [{ containerPort: 1.5 }, 'cannot convert float64 to int32'],
  [{ containerPort: 'x' }, 'unrecognized type: int32'],
  [{ name: 5 }, 'cannot convert int64 to string'],
  [{ name: true }, 'unrecognized type: string'],
])('DecodeError tells what a converter of unstructured objects says of %j', (value, conversion) => {
  expect(() => decodeStruct(struct('ContainerPort'), value)).toThrow(expect.objectContaining({ conversion }))
})

test('decodeStruct() keeps nothing of a field called __proto__', () => {
  const value = JSON.parse('{"__proto__":{"name":"x"},"containerPort":1}') as unknown
  const { object, unknown } = decodeStruct(struct('ContainerPort'), value)
  expect(Object.keys(object)).toEqual(['containerPort'])
  expect(unknown).toEqual(['unknown field "__proto__"'])
})

test('emptyObject() has the structs within', () => {
  expect(emptyObject(struct('CronJobSpec'))).toEqual({
    jobTemplate: { metadata: {}, spec: { template: { metadata: {}, spec: {} } } },
  })
})

test('formatPath() writes fields and indexes', () => {
  expect(formatPath(['spec', 'containers', 0, 'env', 12, 'name'])).toBe('spec.containers[0].env[12].name')
})
