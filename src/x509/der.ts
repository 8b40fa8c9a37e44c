// Writes ASN.1 values in DER (ITU-T X.690): just the types that an X.509 certificate is made of.

/** Tag, length, contents. */
function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  const { length } = body
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), body])
  const hex = length.toString(16)
  const digits = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | digits.length]), digits, body])
}

export const sequence = (...contents: readonly Buffer[]): Buffer => element(0x30, ...contents)
export const set = (...contents: readonly Buffer[]): Buffer => element(0x31, ...contents)
export const octetString = (contents: Buffer): Buffer => element(0x04, contents)
export const utf8String = (text: string): Buffer => element(0x0c, Buffer.from(text))
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]))
export const bitString = (contents: Buffer, unusedBits = 0): Buffer =>
  element(0x03, Buffer.from([unusedBits]), contents)
/** A context-specific tag: constructed around other elements, or primitive with plain bytes. */
export const explicit = (number: number, ...contents: readonly Buffer[]): Buffer =>
  element(0xa0 | number, ...contents)
export const implicit = (number: number, contents: Buffer): Buffer => element(0x80 | number, contents)

/**
 * A positive integer from its bytes: shortest form, with a zero in front where the sign bit would be set.
 */
export function integer(bytes: Buffer): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const shortest = bytes.subarray(start)
  return element(0x02, shortest[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), shortest]) : shortest)
}

/** `1.2.840.10045.4.3.2` */
export function objectIdentifier(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number)
  const bytes = [first! * 40 + second!]
  for (const number of rest) {
    const digits = [number & 0x7f]
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) {
      digits.unshift((left & 0x7f) | 0x80)
    }
    bytes.push(...digits)
  }
  return element(0x06, Buffer.from(bytes))
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5). */
export function time(epochMs: number): Buffer {
  const digits = `${new Date(epochMs).toISOString().replace(/[-T:]|\.\d+/g, '')}`
  return digits < '2050' ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits))
}
