// Reads ASN.1 values in DER (ITU-T X.690): just the types that a certificate request is made of. Strict:
// what is cut off, indefinite or longer than it need be is refused, as a verifier would refuse it.

export interface Element {
  readonly tag: number
  readonly contents: Buffer
  /** With tag and length, as it was signed. */
  readonly bytes: Buffer
}

/** Thrown for bytes that are no DER, or not what was expected. */
export class DERError extends Error {
  override readonly name = 'DERError'
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
} as const

function elementAt(bytes: Buffer, start: number): Element {
  const tag = bytes[start]
  const first = bytes[start + 1]
  if (tag === undefined || first === undefined) throw new DERError('asn1: syntax error: truncated')
  if ((tag & 0x1f) === 0x1f) throw new DERError('asn1: syntax error: long tags are not used here')
  let length = first
  let from = start + 2
  if (first >= 0x80) {
    const digits = first & 0x7f
    if (digits === 0 || digits > 3)
      throw new DERError('asn1: syntax error: length is not definite or too large')
    if (from + digits > bytes.length) throw new DERError('asn1: syntax error: truncated')
    length = bytes.readUIntBE(from, digits)
    from += digits
    if (length < 0x80 || length < 2 ** (8 * (digits - 1))) {
      throw new DERError('asn1: structure error: non-minimal length')
    }
  }
  const end = from + length
  if (end > bytes.length) throw new DERError('asn1: syntax error: data truncated')
  return { tag, contents: bytes.subarray(from, end), bytes: bytes.subarray(start, end) }
}

/** The elements that `bytes` consist of, one after the other. */
export function readElements(bytes: Buffer): Element[] {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const element = elementAt(bytes, at)
    elements.push(element)
    at += element.bytes.length
  }
  return elements
}

/** Exactly one element. */
export function readElement(bytes: Buffer): Element {
  const element = elementAt(bytes, 0)
  if (element.bytes.length < bytes.length) throw new DERError('asn1: syntax error: trailing data')
  return element
}

export function expectTag(element: Element | undefined, tag: number): Element {
  if (element?.tag === tag) return element
  const found = element ? `tag 0x${element.tag.toString(16)}` : 'nothing'
  throw new DERError(`asn1: structure error: expected tag 0x${tag.toString(16)}, found ${found}`)
}

/** What a constructed element holds. */
export const childrenOf = (element: Element | undefined, tag: number): Element[] =>
  readElements(expectTag(element, tag).contents)

/** `1.2.840.10045.4.3.2` */
export function readObjectIdentifier(element: Element | undefined): string {
  const { contents } = expectTag(element, tags.objectIdentifier)
  const numbers: number[] = []
  let value = 0
  for (const byte of contents) {
    value = value * 128 + (byte & 0x7f)
    if (value > Number.MAX_SAFE_INTEGER / 128) throw new DERError('asn1: structure error: number too large')
    if (byte & 0x80) continue
    numbers.push(value)
    value = 0
  }
  const [first] = numbers
  if (first === undefined || contents.at(-1)! >= 0x80) {
    throw new DERError('asn1: syntax error: truncated object identifier')
  }
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...numbers.slice(1)].join('.')
}

/** Bit strings of whole bytes, as signatures are. */
export function readBitString(element: Element | undefined): Buffer {
  const { contents } = expectTag(element, tags.bitString)
  if (contents[0] !== 0) throw new DERError('asn1: structure error: expected a bit string of whole bytes')
  return contents.subarray(1)
}

const decoders: Readonly<Record<number, (contents: Buffer) => string>> = {
  [tags.utf8String]: contents => new TextDecoder('utf-8', { fatal: true }).decode(contents),
  // NumericString, PrintableString, IA5String, T61String
  18: contents => contents.toString('latin1'),
  19: contents => contents.toString('latin1'),
  20: contents => contents.toString('latin1'),
  22: contents => contents.toString('latin1'),
  // BMPString
  30: contents => Buffer.from(contents).swap16().toString('utf16le'),
}

/** Any of the string types that names are made of. */
export function readString(element: Element | undefined): string {
  const decode = element && decoders[element.tag]
  if (!decode) throw new DERError('asn1: structure error: expected a string')
  try {
    return decode(element.contents)
  } catch {
    throw new DERError('asn1: structure error: a string has bytes that are none of its characters')
  }
}
