import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz } from '../../test/fuzzing.ts'
import { joinHostPort, splitHostPort } from './hostport.ts'

const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())
const joined = fc.tuple(host, fc.nat(65535)).map(([name, port]) => joinHostPort(name, port))

test('What is joined comes apart again, and whatever comes apart can be joined', () => {
  fuzz(
    fc.property(host, fc.nat(70000), (name, port) => {
      expect(splitHostPort(joinHostPort(name, port))).toEqual({ host: name, port: String(port) })
    }),
  )
  fuzz(
    fc.property(fc.oneof(anyText, almost(joined, [':', '[', ']', '::', ']:', '[::1]', '@'])), text => {
      const parts = splitHostPort(text)
      if (parts) expect(splitHostPort(joinHostPort(parts.host, parts.port))).toEqual(parts)
    }),
    1000,
  )
})
