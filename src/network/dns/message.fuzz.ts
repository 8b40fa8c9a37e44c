import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almostBytes, anyBytes, fuzz } from '../../../test/fuzzing.ts'
import { datagramLimit, formatQuery, formatReply, parseQuery, parseReply } from './message.ts'

const question = fc.record({
  name: fc.domain(),
  type: fc.constantFrom('A', 'AAAA', 'SRV', 'PTR', 'ANY'),
  dnssecOk: fc.boolean(),
})
const query = fc.tuple(fc.nat(65535), question).map(([id, asked]) => formatQuery(id, asked))
const answer = query.map(bytes => {
  const parsed = parseQuery(bytes)
  if (!parsed || 'rcode' in parsed) throw new Error('our own query cannot be read')
  const { name } = parsed.question
  return formatReply(parsed, {
    rcode: 'NOERROR',
    answers: [{ name, type: 'AAAA', ttl: 5, data: '2001:db8::1' }],
  })
})

test('Every datagram is a query, a bad one or nothing, and each can be answered within its limit', () => {
  fuzz(
    fc.property(fc.oneof(anyBytes, almostBytes(query)), bytes => {
      const parsed = parseQuery(bytes)
      if (!parsed) return
      const asked = 'rcode' in parsed ? parsed.query : parsed
      const limit = datagramLimit(asked)
      const reply = formatReply(asked, { rcode: 'rcode' in parsed ? parsed.rcode : 'NOERROR' }, limit)
      expect(reply.length).toBeLessThanOrEqual(limit)
      expect(reply.readUInt16BE(0)).toBe(bytes.readUInt16BE(0))
    }),
    1000,
  )
})

test('Every datagram from another server is a reply or nothing', () => {
  fuzz(
    fc.property(fc.oneof(anyBytes, almostBytes(answer)), bytes => {
      const parsed = parseReply(bytes)
      if (parsed) expect(Array.isArray(parsed.reply.answers)).toBe(true)
    }),
    1000,
  )
})
