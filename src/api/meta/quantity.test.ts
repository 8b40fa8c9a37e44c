import { describe, expect, test } from 'vitest'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMilliValue,
  quantityValue,
} from './quantity.ts'

describe('quantity', () => {
  const canonical: [string, string][] = [
    ['0', '0'],
    ['0.0', '0'],
    ['0Mi', '0'],
    ['1', '1'],
    ['1000', '1k'],
    ['1100', '1100'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.5', '1500m'],
    ['1.500', '1.500'],
    ['100000m', '100'],
    ['1024Mi', '1Gi'],
    ['1023Mi', '1023Mi'],
    ['512Mi', '512Mi'],
    ['1024', '1024'],
    ['1024Ki', '1Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Mi', '512Ki'],
    ['0.5Ki', '512'],
    ['0.001Ki', '1024m'],
    ['1000k', '1M'],
    ['1000000', '1M'],
    ['1e3', '1e3'],
    ['1E3', '1E3'],
    ['12e6', '12e6'],
    ['1000e3', '1e6'],
    ['1e-3', '1e-3'],
    ['100n', '100n'],
    ['0.1n', '1n'],
    ['-1', '-1'],
    ['-0.5', '-500m'],
    ['10Ei', '9223372036854775807'],
    ['1E', '1E'],
    ['128974848', '128974848'],
    ['16384Ki', '16Mi'],
    ['3.0000000001', '3000000001n'],
  ]
  for (const [text, expected] of canonical) {
    test(`${text} is answered as ${expected}`, () => {
      expect(canonicalQuantity(text)).toBe(expected)
      expect(canonicalQuantity(expected)).toBe(expected)
    })
  }

  const wrong: [string, string][] = [
    ['', 'quantities must match'],
    ['abc', 'quantities must match'],
    ['1x', 'quantities must match'],
    ['1 Gi', 'quantities must match'],
    ['1Kii', "unable to parse quantity's suffix"],
    ['1ee', "unable to parse quantity's suffix"],
    ['1mi', "unable to parse quantity's suffix"],
  ]
  for (const [text, message] of wrong) {
    test(`'${text}' is refused`, () => expect(() => parseQuantity(text)).toThrow(message))
  }

  test('quantities compare by value, whatever their form', () => {
    const order = (a: string, b: string) => compareQuantities(parseQuantity(a), parseQuantity(b))
    expect(order('1', '1000m')).toBe(0)
    expect(order('1Gi', '1G')).toBe(1)
    expect(order('999m', '1')).toBe(-1)
    expect(order('-1', '1n')).toBe(-1)
  })

  test('sums keep the form of the left one', () => {
    const [a, zero] = [parseQuantity('512Mi'), parseQuantity('0')]
    expect(formatQuantity(addQuantities(a, parseQuantity('512Mi')))).toBe('1Gi')
    expect(formatQuantity(addQuantities(zero, a))).toBe('512Mi')
  })

  test('numbers are rounded up', () => {
    expect(['1', '100m', '1500m', '2Ki', '-1500m'].map(quantityValue)).toEqual([1, 1, 2, 2048, -1])
    expect(['1', '100m', '0.1m', '2k'].map(quantityMilliValue)).toEqual([1000, 100, 1, 2000000])
  })
})

test('A number too long to be written out is refused, however it is put', () => {
  for (const text of ['-1000e1000', '-1e1003', '1e1000']) {
    expect(() => parseQuantity(text)).toThrow("unable to parse quantity's suffix")
  }
  expect(canonicalQuantity('-1000e996')).toBe('-1e999')
  expect(canonicalQuantity('-1e999')).toBe('-1e999')
})
