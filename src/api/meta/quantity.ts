// Resource quantities (`100m`, `1Gi`, `12e6`): parsing, arithmetic and the canonical text that the API
// answers with. Follows apimachinery's pkg/api/resource: exact, nothing finer than nano, rounded up.

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

/** The number value * 10^scale, and how it was written. */
export interface Quantity {
  readonly value: bigint
  readonly scale: number
  readonly format: QuantityFormat
  /** Set when the text is to be shown as it was written. */
  readonly text?: string
}

export class QuantityError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'QuantityError'
  }
}

const formatWrong =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const numericWrong = 'unable to parse numeric part of quantity'
const suffixWrong = "unable to parse quantity's suffix"

const decimalSuffixes: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}
const decimalNames = new Map(Object.entries(decimalSuffixes).map(([name, exponent]) => [exponent, name]))
const binaryNames = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const largest = (1n << 63n) - 1n
/** Each character can be matched in one way only: what does not fit is refused without a search. */
const pattern = /^([+-]?)([0-9]*)(?:\.([0-9]*))?((?:[eEinumkKMGTP]+[-+]?|[-+])[0-9]*|)$/
/** Far beyond what is exact: of a text, and of a number when it is written out. */
const longestText = 1000
const power = (exponent: number) => 10n ** BigInt(exponent)

interface Suffix {
  readonly format: QuantityFormat
  /** Of ten, or of two for BinarySI. */
  readonly exponent: number
}

function parseSuffix(suffix: string): Suffix {
  const decimal = decimalSuffixes[suffix]
  if (decimal !== undefined) return { format: 'DecimalSI', exponent: decimal }
  const binary = binaryNames.indexOf(suffix)
  if (binary > 0) return { format: 'BinarySI', exponent: binary * 10 }
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) throw new QuantityError(suffixWrong)
  const exponent = Number(suffix.slice(1))
  if (Math.abs(exponent) > longestText) throw new QuantityError(suffixWrong)
  return { format: 'DecimalExponent', exponent }
}

/** Throws QuantityError, in upstream's words. */
export function parseQuantity(text: string): Quantity {
  if (text === '0') return { value: 0n, scale: 0, format: 'DecimalSI', text }
  if (text.length > longestText) throw new QuantityError(numericWrong)
  const match = text === '' ? null : pattern.exec(text)
  if (!match) throw new QuantityError(/^[+-]?[0-9]*\.[0-9]*\./.test(text) ? numericWrong : formatWrong)
  const [, sign, wholeText = '', fraction = '', suffixText = ''] = match
  const whole = wholeText.replace(/^0+/, '')
  const { format, exponent } = parseSuffix(suffixText)
  const digits = whole + fraction
  if (digits.length + exponent > longestText) throw new QuantityError(suffixWrong)
  let value = BigInt(digits === '' ? '0' : digits)
  let scale = -fraction.length
  if (format === 'BinarySI') value <<= BigInt(exponent)
  else scale += exponent
  const keep = keepsText({ digits, whole, fraction, format, exponent, scale })
  if (scale < -9) {
    const unit = power(-9 - scale)
    value = (value + unit - 1n) / unit
    scale = -9
  }
  if (format === 'BinarySI' && value > largest * power(Math.max(0, -scale))) {
    value = largest
    scale = 0
  }
  if (sign === '-') value = -value
  const tooSmall = format === 'BinarySI' && value > 0n && scale < 0 && value < power(-scale)
  return { value, scale, format: tooSmall ? 'DecimalSI' : format, ...(keep ? { text } : {}) }
}

/** Upstream shows a text unchanged that its fast path takes for canonical, be it `1.500`. */
function keepsText(parts: Suffix & { digits: string; whole: string; fraction: string; scale: number }) {
  const { digits, whole, fraction, format, exponent, scale } = parts
  const wholeLength = Math.max(1, whole.length)
  if (format === 'BinarySI') {
    if (fraction !== '' || 15 - wholeLength - Math.trunc((exponent * 3) / 10) - 1 < 0) return false
    return (Number(digits) & 7) !== 0
  }
  if (18 - wholeLength - fraction.length < 0 || scale < -9) return false
  return scale % 3 === 0 && !digits.endsWith('000') && whole !== '' && digits !== ''
}

/** The canonical text: no precision lost, no fractions, the largest suffix possible. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text
  if (quantity.value === 0n) return '0'
  if (quantity.format === 'BinarySI') {
    const integer = exactInteger(quantity)
    if (integer !== undefined && (integer <= -1024n || integer >= 1024n)) return formatBinary(integer)
  }
  let { value, scale } = quantity
  while (value % 10n === 0n) {
    value /= 10n
    scale++
  }
  const excess = ((scale % 3) + 3) % 3
  value *= power(excess)
  scale -= excess
  if (quantity.format === 'DecimalExponent') return scale === 0 ? `${value}` : `${value}e${scale}`
  const name = decimalNames.get(scale)
  return name === undefined ? `${value}e${scale}` : `${value}${name}`
}

function formatBinary(integer: bigint): string {
  let times = 0
  while (integer % 1024n === 0n && times < 6) {
    integer /= 1024n
    times++
  }
  return `${integer}${binaryNames[times]}`
}

function exactInteger({ value, scale }: Quantity): bigint | undefined {
  if (scale >= 0) return value * power(scale)
  const unit = power(-scale)
  return value % unit === 0n ? value / unit : undefined
}

const plain = /^[1-9][0-9]{0,13}$/
const short = /^([1-9][0-9]{0,5})(m|k|M|G|Ki|Mi|Gi)$/

/** How a quantity is answered: `1000m` -> `1`, `0.5` -> `500m`, `1024Mi` -> `1Gi`. Throws QuantityError. */
export function canonicalQuantity(text: string): string {
  if (plain.test(text) && !text.endsWith('000')) return text
  const match = short.exec(text)
  if (match) {
    const [, digits = '', suffix = ''] = match
    if (suffix.length === 2 ? (Number(digits) & 7) !== 0 : !digits.endsWith('000')) return text
  }
  return formatQuantity(parseQuantity(text))
}

/** Compares as numbers: negative, zero or positive. */
export function compareQuantities(left: Quantity, right: Quantity): number {
  const [a, b] = align(left, right)
  return a < b ? -1 : a > b ? 1 : 0
}

function align(left: Quantity, right: Quantity): [bigint, bigint, number] {
  const scale = Math.min(left.scale, right.scale)
  return [left.value * power(left.scale - scale), right.value * power(right.scale - scale), scale]
}

/** The sum, written as the left one is (as the right one when the left is zero). */
export function addQuantities(left: Quantity, right: Quantity): Quantity {
  const [a, b, scale] = align(left, right)
  return { value: a + b, scale, format: left.value === 0n ? right.format : left.format }
}

function scaled(text: string, exponent: number): number {
  const { value, scale } = parseQuantity(text)
  const shift = scale + exponent
  if (shift >= 0) return Number(value * power(shift))
  const unit = power(-shift)
  const rounded = value >= 0n ? (value + unit - 1n) / unit : value / unit
  return Number(rounded)
}

/** The number, rounded up to an integer. Throws QuantityError. */
export const quantityValue = (text: string): number => (plain.test(text) ? Number(text) : scaled(text, 0))

/** The number of thousandths, rounded up to an integer: what CPUs are counted in. Throws QuantityError. */
export const quantityMilliValue = (text: string): number =>
  plain.test(text) ? Number(text) * 1000 : scaled(text, 3)
