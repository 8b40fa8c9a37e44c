// DNS messages as values (RFC 1035, EDNS0 in RFC 6891): reading queries and replies, writing them with
// compressed names, cut to what the asker can take. dns-packet reads messages and encodes the data of
// records; it does not compress.
import dnsPacket from 'dns-packet'

export interface DNSRecord {
  readonly name: string
  /** `A`, `AAAA`; one that dns-packet does not know is `UNKNOWN_65`. */
  readonly type: string
  readonly ttl: number
  /** As dns-packet has it for the type: text for addresses and names, an object for SRV and SOA. */
  readonly data: unknown
}

export interface Question {
  /** Lower case, without the dot at the end; empty for the root. */
  readonly name: string
  readonly type: string
  /** The asker wants signatures too (DO). */
  readonly dnssecOk?: boolean
}

export type ResponseCode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED' | 'BADVERS'

export interface Reply {
  readonly rcode: ResponseCode
  /** From our own knowledge, not from others'. */
  readonly authoritative?: boolean
  readonly answers?: readonly DNSRecord[]
  readonly authorities?: readonly DNSRecord[]
  readonly additionals?: readonly DNSRecord[]
}

export interface Query {
  readonly id: number
  readonly question: Question
  /** The name as it was asked, in its own case: it is repeated so. */
  readonly asked: string
  readonly recursionDesired: boolean
  /** Absent: that of the Internet. */
  readonly classNumber?: number
  /** Absent: the asker knows nothing of EDNS. */
  readonly edns?: { readonly payloadSize: number }
}

/** What cannot be answered from anybody's knowledge. */
export interface BadQuery {
  readonly query: Query
  readonly rcode: ResponseCode
}

const codes: Readonly<Record<ResponseCode, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
}
const codeNames = new Map(Object.entries(codes).map(([name, code]) => [code, name as ResponseCode]))

const flags = { response: 0x8000, authoritative: 0x400, truncated: 0x200, desired: 0x100, available: 0x80 }
const headerLength = 12
const optLength = 11
/** What we take and offer over UDP: fits into any path's packets (DNS flag day 2020). */
export const ednsPayloadSize = 1232
const plainPayloadSize = 512
const streamPayloadSize = 65_535

/** The part of dns-packet that its types do not mention. */
interface RecordCodec {
  encode(data: unknown, buffer: Buffer, offset: number): Buffer
  encodingLength(data: unknown): number
}
const packet = dnsPacket as typeof dnsPacket & { record(type: string): RecordCodec }
const typeNumbers = new Map<string, number>()

/** dns-packet tells a type's number only by encoding it. */
function typeNumber(type: string): number {
  let known = typeNumbers.get(type)
  if (known === undefined) {
    known = packet.encode({ questions: [{ name: '.', type: type as 'A' }] }).readUInt16BE(headerLength + 1)
    typeNumbers.set(type, known)
  }
  return known
}

const internetClass = 1
const classNumbers: Readonly<Record<string, number>> = { CS: 2, CH: 3, HS: 4, ANY: 255 }

const plainName = (name: string) => (name === '.' ? '' : name)

type Decoded = ReturnType<typeof packet.decode>
type DecodedRecord = NonNullable<Decoded['answers']>[number]

const badQuery = (bytes: Buffer, rcode: ResponseCode): BadQuery => ({
  rcode,
  query: {
    id: bytes.readUInt16BE(0),
    question: { name: '', type: 'UNKNOWN_0' },
    asked: '',
    recursionDesired: (bytes.readUInt16BE(2) & flags.desired) !== 0,
  },
})

/** Undefined for what deserves no answer: too short, or a reply. */
export function parseQuery(bytes: Buffer): Query | BadQuery | undefined {
  if (bytes.length < headerLength || bytes.readUInt16BE(2) & flags.response) return undefined
  if (bytes[2]! & 0x78) return badQuery(bytes, 'NOTIMP')
  let decoded: Decoded
  try {
    decoded = packet.decode(bytes)
  } catch {
    return badQuery(bytes, 'FORMERR')
  }
  const [asked, ...others] = decoded.questions ?? []
  if (!asked || others.length > 0) return badQuery(bytes, 'FORMERR')
  const opt = decoded.additionals?.find(record => record.type === 'OPT')
  const name = plainName(asked.name)
  const query: Query = {
    id: decoded.id ?? 0,
    question: { name: name.toLowerCase(), type: asked.type, ...(opt?.flag_do ? { dnssecOk: true } : {}) },
    asked: name,
    recursionDesired: decoded.flag_rd,
    ...(opt ? { edns: { payloadSize: opt.udpPayloadSize } } : {}),
  }
  if (opt && opt.ednsVersion > 0) return { query, rcode: 'BADVERS' }
  if (asked.class === 'IN') return query
  const classNumber = classNumbers[asked.class ?? ''] ?? internetClass
  return { query: { ...query, classNumber }, rcode: 'REFUSED' }
}

/** How long a reply over UDP may be. */
export const datagramLimit = ({ edns }: Query): number =>
  edns ? Math.max(plainPayloadSize, Math.min(edns.payloadSize, ednsPayloadSize)) : plainPayloadSize

const scratch = Buffer.alloc(streamPayloadSize)

/** Writes into the one scratch buffer; a record that does not fit leaves no trace. */
class Writer {
  #offset = headerLength
  readonly #limit: number
  readonly #names = new Map<string, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  question(name: string, type: string, classNumber = internetClass): void {
    this.#name(name)
    this.#number(typeNumber(type))
    this.#number(classNumber)
  }

  record({ name, type, ttl, data }: DNSRecord): boolean {
    const start = this.#offset
    const codec = packet.record(type)
    if (start + name.length + 12 + codec.encodingLength(data) > streamPayloadSize) return false
    this.#name(name)
    this.#number(typeNumber(type))
    this.#number(internetClass)
    scratch.writeUInt32BE(ttl, this.#offset)
    codec.encode(data, scratch, this.#offset + 4)
    this.#offset += 4 + codec.encodingLength(data)
    if (this.#offset <= this.#limit) return true
    this.#offset = start
    for (const [suffix, offset] of this.#names) if (offset >= start) this.#names.delete(suffix)
    return false
  }

  opt(extendedCode: number, dnssecOk: boolean): void {
    scratch.fill(0, this.#offset, this.#offset + optLength)
    scratch.writeUInt16BE(41, this.#offset + 1)
    scratch.writeUInt16BE(ednsPayloadSize, this.#offset + 3)
    scratch[this.#offset + 5] = extendedCode
    if (dnssecOk) scratch[this.#offset + 7] = 0x80
    this.#offset += optLength
  }

  finish(header: readonly number[]): Buffer {
    for (const [index, value] of header.entries()) scratch.writeUInt16BE(value, index * 2)
    return Buffer.from(scratch.subarray(0, this.#offset))
  }

  #number(value: number): void {
    this.#offset = scratch.writeUInt16BE(value, this.#offset)
  }

  /** Suffixes that were written before are pointed at, whatever their case. */
  #name(name: string): void {
    let rest = plainName(name.endsWith('.') ? name.slice(0, -1) : name)
    while (rest !== '') {
      const key = rest.toLowerCase()
      const known = this.#names.get(key)
      if (known !== undefined) {
        this.#number(0xc000 | known)
        return
      }
      if (this.#offset < 0x4000) this.#names.set(key, this.#offset)
      const dot = rest.indexOf('.')
      const label = dot < 0 ? rest : rest.slice(0, dot)
      const length = scratch.write(label, this.#offset + 1)
      scratch[this.#offset] = length
      this.#offset += length + 1
      rest = dot < 0 ? '' : rest.slice(dot + 1)
    }
    scratch[this.#offset++] = 0
  }
}

/** At most `limit` bytes: when answers are left out, the reply says that it is truncated. */
export function formatReply(query: Query, reply: Reply, limit = streamPayloadSize): Buffer {
  const writer = new Writer(limit - (query.edns ? optLength : 0))
  const hasQuestion = query.question.type !== 'UNKNOWN_0'
  if (hasQuestion) writer.question(query.asked, query.question.type, query.classNumber)
  const write = (records: readonly DNSRecord[] = []) => {
    const count = records.findIndex(record => !writer.record(record))
    return count < 0 ? records.length : count
  }
  const answers = write(reply.answers)
  let truncated = answers < (reply.answers?.length ?? 0)
  const authorities = truncated ? 0 : write(reply.authorities)
  truncated ||= authorities < (reply.authorities?.length ?? 0)
  const additionals = truncated ? 0 : write(reply.additionals)
  const code = codes[reply.rcode]
  if (query.edns) writer.opt(code >> 4, query.question.dnssecOk === true)
  const bits =
    flags.response |
    flags.available |
    (reply.authoritative ? flags.authoritative : 0) |
    (truncated ? flags.truncated : 0) |
    (query.recursionDesired ? flags.desired : 0) |
    (code & 0xf)
  const opts = query.edns ? 1 : 0
  return writer.finish([query.id, bits, hasQuestion ? 1 : 0, answers, authorities, additionals + opts])
}

/** What we ask others, with EDNS. */
export function formatQuery(id: number, { name, type, dnssecOk }: Question): Buffer {
  const writer = new Writer(plainPayloadSize)
  writer.question(name, type)
  writer.opt(0, dnssecOk === true)
  return writer.finish([id, flags.desired, 1, 0, 0, 1])
}

export interface ForeignReply {
  readonly id: number
  readonly question: Question
  readonly truncated: boolean
  readonly reply: Reply
}

const asRecords = (records: readonly DecodedRecord[] = []): DNSRecord[] =>
  records.flatMap(record =>
    record.type === 'OPT' || !('data' in record)
      ? []
      : [{ name: record.name, type: record.type, ttl: record.ttl ?? 0, data: record.data }],
  )

/** What another server has said; undefined when it is no proper reply. */
export function parseReply(bytes: Buffer): ForeignReply | undefined {
  if (bytes.length < headerLength || !(bytes.readUInt16BE(2) & flags.response)) return undefined
  try {
    const decoded = packet.decode(bytes)
    const asked = decoded.questions?.[0]
    if (!asked) return undefined
    return {
      id: decoded.id ?? 0,
      question: { name: plainName(asked.name).toLowerCase(), type: asked.type },
      truncated: decoded.flag_tc,
      reply: {
        rcode: codeNames.get(bytes[3]! & 0xf) ?? 'SERVFAIL',
        answers: asRecords(decoded.answers),
        authorities: asRecords(decoded.authorities),
        additionals: asRecords(decoded.additionals),
      },
    }
  } catch {
    return undefined
  }
}
