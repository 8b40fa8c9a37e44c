import { describe, expect, test } from 'vitest'
import {
  checkListOptions,
  checkWatchOptions,
  formatContinue,
  parseContinue,
  parseResourceVersion,
} from './listoptions.ts'
import type { ListOptions, WatchOptions } from './registry.ts'

const list = (options: ListOptions) => () => checkListOptions(options)
const watch = (options: Partial<WatchOptions>) => () =>
  checkWatchOptions({ onEvents: () => undefined, onEnd: () => undefined, ...options })
const field = 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: '

describe('the rules of resourceVersionMatch', () => {
  test.each([
    [
      list({ resourceVersionMatch: 'Exact' }),
      'Forbidden: resourceVersionMatch is forbidden unless resourceVersion',
    ],
    [
      list({ resourceVersionMatch: 'Exact', resourceVersion: '0' }),
      'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    [
      list({ resourceVersionMatch: 'Newest', resourceVersion: '1' }),
      'Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
    ],
    [
      watch({ sendInitialEvents: true }),
      'Forbidden: sendInitialEvents requires setting resourceVersionMatch',
    ],
    [
      watch({ resourceVersionMatch: 'NotOlderThan' }),
      'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    ],
  ])('%#', (check, message) => {
    expect(check).toThrow(field + message)
  })

  test('allow what upstream allows', () => {
    expect(list({ resourceVersionMatch: 'Exact', resourceVersion: '5' })).not.toThrow()
    expect(list({ resourceVersionMatch: 'NotOlderThan', resourceVersion: '0' })).not.toThrow()
    expect(watch({ sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' })).not.toThrow()
  })
})

test('continue tokens are upstream’s', () => {
  const text = formatContinue({ revision: 747, after: 'default/kube-root-ca.crt' })
  expect(text).toBe(
    'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NzQ3LCJzdGFydCI6ImRlZmF1bHQva3ViZS1yb290LWNhLmNydFx1MDAwMCJ9',
  )
  expect(parseContinue(text)).toEqual({ revision: 747, after: 'default/kube-root-ca.crt' })
})

test.each(['abc', '', Buffer.from('{"v":"meta.k8s.io/v1","rv":0,"start":"a"}').toString('base64url')])(
  'the continue token %j is refused',
  text => {
    expect(() => parseContinue(text)).toThrow('invalid continue token: continue key is not valid')
  },
)

test('a resourceVersion is a number', () => {
  expect(parseResourceVersion('')).toBeUndefined()
  expect(parseResourceVersion('0')).toBe(0)
  expect(() => parseResourceVersion('abc')).toThrow(
    'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
  )
})
