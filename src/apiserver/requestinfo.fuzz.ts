import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz, orRefused } from '../../test/fuzzing.ts'
import { StatusError } from '../api/status.ts'
import { parseQuery } from './query.ts'
import { isLongRunning, parseRequestInfo } from './requestinfo.ts'

const segments = [
  'api',
  'apis',
  'v1',
  'apps',
  'namespaces',
  'pods',
  'watch',
  'proxy',
  'status',
  'log',
  'exec',
  'a',
]
const path = fc.array(fc.constantFrom(...segments), { maxLength: 9 }).map(parts => `/${parts.join('/')}`)
const pieces = ['/', '//', '..', '/./', '%2f', '%2e%2e', '%00', '%ff', '%', '\\', '?', '#', '*', ';', '=']
const search = fc.constantFrom(
  '',
  'watch=1',
  'watch=0',
  'fieldSelector=metadata.name%3Da',
  'fieldSelector=%00',
)
const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'FOO', '')

test('Every path says what it asks for, or is a BadRequest', () => {
  fuzz(
    fc.property(method, fc.oneof(anyText, almost(path, pieces)), search, (verb, text, tail) => {
      const query = parseQuery(tail)
      const info = orRefused(() => parseRequestInfo(verb, text, query), StatusError)
      if (!info) return
      expect(typeof isLongRunning(info, query)).toBe('boolean')
      const fields = [info.group, info.version, info.namespace, info.resource, info.subresource]
      expect(fields.every(field => typeof field === 'string' && !field.includes('/'))).toBe(true)
      if (info.isResourceRequest) expect(info.path).toMatch(/^\/*apis?\//)
      else expect([...fields, info.name].join('')).toBe('')
    }),
    1500,
  )
})
