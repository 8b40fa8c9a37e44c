import { expect, test } from 'vitest'
import { invalid, invalidValue, notSupported, required, tooLong } from './fields.ts'

const services = { group: '', resource: 'services', kind: 'Service' }

test('One field error reads as kubectl users know it, with its cause beside it', () => {
  const error = invalid(services, 'web', [
    invalidValue('spec.ports[0].port', 0, 'must be between 1 and 65535, inclusive'),
  ])
  expect(error.code).toBe(422)
  expect(error.message).toBe(
    'Service "web" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
  )
  expect(error.details).toEqual({
    name: 'web',
    kind: 'Service',
    causes: [
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 0: must be between 1 and 65535, inclusive',
        field: 'spec.ports[0].port',
      },
    ],
  })
})

test('Several field errors stand in brackets, each text once, and the group is named', () => {
  const error = invalid({ group: 'apps', resource: 'deployments', kind: 'Deployment' }, '', [
    required('spec.selector'),
    required('spec.selector'),
    notSupported('spec.strategy.type', 'Fast', ['Recreate', 'RollingUpdate']),
    tooLong('metadata.annotations', 262144),
  ])
  expect(error.message).toBe(
    'Deployment.apps "" is invalid: [spec.selector: Required value, spec.strategy.type: Unsupported value: "Fast": ' +
      'supported values: "Recreate", "RollingUpdate", metadata.annotations: Too long: may not be more than 262144 bytes]',
  )
  expect(error.details?.causes).toHaveLength(4)
})

test('Thousands of errors that each show all of a large value are cut short', () => {
  const large = 'x'.repeat(1_000_000)
  const errors = Array.from({ length: 50_000 }, () => invalidValue('spec', large, 'only one'))
  const { message, details } = invalid(services, 'web', errors)
  expect(message.length).toBeLessThan(1_000_100)
  expect(message).toMatch(/: only one, and 49999 more\]$/)
  expect(details?.causes).toHaveLength(1)
})
