// Reading and writing messages, checked against dns-packet's own reading.
import dnsPacket from 'dns-packet'
import { expect, test } from 'vitest'
import * as message from './message.ts'

const query = (options: { name?: string; type?: string; payloadSize?: number } = {}): message.Query => {
  const { name = 'Web.Shop.svc.cluster.local', type = 'A', payloadSize } = options
  return {
    id: 7,
    question: { name: name.toLowerCase(), type },
    asked: name,
    recursionDesired: true,
    ...(payloadSize ? { edns: { payloadSize } } : {}),
  }
}
const address = (last: number): message.DNSRecord => ({
  name: 'web.shop.svc.cluster.local',
  type: 'A',
  ttl: 5,
  data: `10.244.0.${last}`,
})

test('a query is read with its name in lower case, and what was asked is kept', () => {
  const bytes = dnsPacket.encode({
    type: 'query',
    id: 9,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ name: 'Web.Shop.SVC.cluster.local', type: 'AAAA' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 4096,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: dnsPacket.DNSSEC_OK,
        flag_do: true,
        options: [],
      },
    ],
  })
  expect(message.parseQuery(bytes)).toEqual({
    id: 9,
    question: { name: 'web.shop.svc.cluster.local', type: 'AAAA', dnssecOk: true },
    asked: 'Web.Shop.SVC.cluster.local',
    recursionDesired: true,
    edns: { payloadSize: 4096 },
  })
})

test.each([
  ['another operation', [0, 9, 0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'NOTIMP'],
  ['no question', [0, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'FORMERR'],
  ['a question cut off', [0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63, 97], 'FORMERR'],
  ['the class CHAOS', [0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 16, 0, 3], 'REFUSED'],
  [
    'EDNS version 1',
    [0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 41, 4, 0xd0, 0, 1, 0, 0, 0, 0],
    'BADVERS',
  ],
])('%s is refused by its code', (_, bytes, rcode) => {
  expect(message.parseQuery(Buffer.from(bytes))).toMatchObject({ rcode, query: { id: 9 } })
})

test.each([
  ['shorter than a header', [0, 9, 1]],
  ['a reply', [0, 9, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]],
])('nothing is answered to what is %s', (_, bytes) => {
  expect(message.parseQuery(Buffer.from(bytes))).toBeUndefined()
})

test('names are compressed, and the question is repeated in its own case', () => {
  const bytes = message.formatReply(query(), {
    rcode: 'NOERROR',
    authoritative: true,
    answers: [address(1), address(2)],
  })
  expect(bytes.toString('hex')).toBe(
    '000785800001000200000000' +
      '03576562' +
      '0453686f70' +
      '03737663' +
      '07636c7573746572' +
      '056c6f63616c' +
      '00' +
      '00010001' +
      'c00c' +
      '00010001' +
      '00000005' +
      '0004' +
      '0af40001' +
      'c00c' +
      '00010001' +
      '00000005' +
      '0004' +
      '0af40002',
  )
  expect(dnsPacket.decode(bytes).answers?.map(answer => answer.name)).toEqual([
    'Web.Shop.svc.cluster.local',
    'Web.Shop.svc.cluster.local',
  ])
})

test('what does not fit is left out whole, and the reply says so', () => {
  const answers = Array.from({ length: 100 }, (_, index) => address(index))
  const plain = message.formatReply(query(), { rcode: 'NOERROR', answers }, message.datagramLimit(query()))
  expect(plain.length).toBeLessThanOrEqual(512)
  expect(dnsPacket.decode(plain)).toMatchObject({ flag_tc: true })
  expect(dnsPacket.decode(plain).answers).toHaveLength(29)
  const extended = query({ payloadSize: 4096 })
  const limit = message.datagramLimit(extended)
  expect(limit).toBe(1232)
  const long = message.formatReply(extended, { rcode: 'NOERROR', answers }, limit)
  expect(long.length).toBeLessThanOrEqual(1232)
  expect(dnsPacket.decode(long).answers).toHaveLength(73)
  expect(dnsPacket.decode(long).additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232 }])
})

test('additional records that do not fit are no truncation of the answer', () => {
  const additionals = Array.from({ length: 100 }, (_, index) => address(index))
  const reply = { rcode: 'NOERROR', answers: [address(1)], additionals } as const
  const decoded = dnsPacket.decode(message.formatReply(query(), reply, 512))
  expect(decoded.answers).toHaveLength(1)
  expect(decoded.flag_tc).toBe(false)
})

test('every kind of record survives the way through', () => {
  const records: message.DNSRecord[] = [
    { name: 'a.example', type: 'AAAA', ttl: 1, data: '2001:db8::1' },
    { name: 'a.example', type: 'CNAME', ttl: 2, data: 'b.example' },
    { name: 'a.example', type: 'MX', ttl: 3, data: { preference: 10, exchange: 'mail.example' } },
    {
      name: 'a.example',
      type: 'SRV',
      ttl: 4,
      data: { priority: 0, weight: 5, port: 80, target: 'b.example' },
    },
    { name: 'a.example', type: 'TXT', ttl: 5, data: [Buffer.from('text')] },
    { name: 'a.example', type: 'UNKNOWN_65', ttl: 6, data: Buffer.from([0, 1, 0]) },
    {
      name: 'example',
      type: 'SOA',
      ttl: 7,
      data: { mname: 'ns', rname: 'me', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
    },
  ]
  const bytes = message.formatReply(query({ name: 'a.example' }), { rcode: 'NOERROR', answers: records })
  expect(message.parseReply(bytes)).toEqual({
    id: 7,
    question: { name: 'a.example', type: 'A' },
    truncated: false,
    reply: { rcode: 'NOERROR', answers: records, authorities: [], additionals: [] },
  })
})

test('a question to others carries EDNS and is read back', () => {
  const bytes = message.formatQuery(5, { name: 'example.com', type: 'AAAA' })
  expect(message.parseQuery(bytes)).toEqual({
    id: 5,
    question: { name: 'example.com', type: 'AAAA' },
    asked: 'example.com',
    recursionDesired: true,
    edns: { payloadSize: 1232 },
  })
  expect(message.parseReply(bytes)).toBeUndefined()
})

test('the root has an empty name', () => {
  const bytes = message.formatQuery(5, { name: '', type: 'NS' })
  expect(message.parseQuery(bytes)).toMatchObject({ question: { name: '', type: 'NS' }, asked: '' })
})
