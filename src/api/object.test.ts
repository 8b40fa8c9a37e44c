import { expect, test } from 'vitest'
import { apiVersionOf, parseAPIVersion } from './object.ts'

test('apiVersionOf() and parseAPIVersion() are inverses, the core group being empty', () => {
  expect(apiVersionOf({ group: '', version: 'v1' })).toBe('v1')
  expect(apiVersionOf({ group: 'apps', version: 'v1' })).toBe('apps/v1')
  expect(parseAPIVersion('v1')).toEqual({ group: '', version: 'v1' })
  expect(parseAPIVersion('discovery.k8s.io/v1')).toEqual({ group: 'discovery.k8s.io', version: 'v1' })
})
