import { describe, expect, test } from 'vitest'
import {
  isExtended,
  quantityLess,
  roundToMilli,
  validateResourceName,
  validateResourceQuantity,
} from './resourcelist.ts'

describe('resource lists', () => {
  test('extended resources have a foreign domain', () => {
    const names = ['example.com/gpu', 'cpu', 'kubernetes.io/batteries', 'requests.example.com/gpu', 'a/b/c']
    expect(names.map(isExtended)).toEqual([true, false, false, false, false])
  })

  test('a resource is standard or has a domain', () => {
    expect(validateResourceName('cpu', 'f')).toEqual([])
    expect(validateResourceName('hugepages-2Mi', 'f')).toEqual([])
    expect(validateResourceName('example.com/x', 'f')).toEqual([])
    expect(validateResourceName('gpu', 'f')).toEqual([
      {
        reason: 'FieldValueInvalid',
        field: 'f',
        message: 'Invalid value: "gpu": must be a standard resource type or fully qualified',
      },
    ])
  })

  test('quantities are not negative, and whole where things are counted', () => {
    const messages = (name: string, text: string) =>
      validateResourceQuantity(name, text, 'f').map(error => error.message)
    expect(messages('cpu', '500m')).toEqual([])
    expect(messages('cpu', '-1')).toEqual(['Invalid value: "-1": must be greater than or equal to 0'])
    expect(messages('pods', '500m')).toEqual(['Invalid value: "500m": must be an integer'])
    expect(messages('example.com/gpu', '1500m')).toEqual(['Invalid value: "1500m": must be an integer'])
    expect(messages('pods', '1000m')).toEqual([])
  })

  test('amounts are rounded up to a thousandth', () => {
    const list = { cpu: '100u', memory: '1Gi', a: '1500m', b: '1.0001', c: '-100n' }
    roundToMilli(list)
    expect(list).toEqual({ cpu: '1m', memory: '1Gi', a: '1500m', b: '1001m', c: '-1m' })
  })

  test('quantities compare by value', () => {
    expect([quantityLess('1', '1001m'), quantityLess('1Ki', '1000')]).toEqual([true, false])
  })
})
