import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz, orRefused } from '../../../test/fuzzing.ts'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  QuantityError,
  quantityMilliValue,
  quantityValue,
} from './quantity.ts'

const suffix = fc.constantFrom(
  '',
  'n',
  'u',
  'm',
  'k',
  'M',
  'G',
  'T',
  'P',
  'E',
  'Ki',
  'Mi',
  'Gi',
  'Ei',
  'e3',
  'E-9',
)
const number = fc.oneof(
  fc.bigInt(-(10n ** 40n), 10n ** 40n).map(String),
  fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `${a}.${b}`),
)
const quantity = fc.tuple(number, suffix).map(([a, b]) => a + b)
const pieces = ['-', '+', '.', 'e', 'E', 'i', '0', '000', '999', 'e1000', 'E-1000', 'e99999999', ' ', '１']
const text = fc.oneof(anyText, almost(quantity, pieces))

test('Every text is a quantity or refused, and its canonical text is the same amount', () => {
  fuzz(
    fc.property(text, given => {
      const canonical = orRefused(() => canonicalQuantity(given), QuantityError)
      const parsed = orRefused(() => parseQuantity(given), QuantityError)
      expect(canonical === undefined).toBe(parsed === undefined)
      if (canonical === undefined || !parsed) return
      const again = parseQuantity(canonical)
      expect(canonicalQuantity(canonical)).toBe(canonical)
      expect(compareQuantities(parsed, again)).toBe(0)
      expect(Number.isNaN(quantityValue(given)) || Number.isNaN(quantityMilliValue(given))).toBe(false)
    }),
    1500,
  )
})

test('A sum is the same from both sides, and can be written', () => {
  const parsed = quantity.map(parseQuantity)
  fuzz(
    fc.property(parsed, parsed, (a, b) => {
      const [there, back] = [addQuantities(a, b), addQuantities(b, a)]
      expect(compareQuantities(there, back)).toBe(0)
      if (there.format !== 'BinarySI') {
        expect(compareQuantities(parseQuantity(formatQuantity(there)), there)).toBe(0)
      }
    }),
  )
})
