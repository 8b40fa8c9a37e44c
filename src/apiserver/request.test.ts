import { expect, test } from 'vitest'
import { chain, type Filter, type Reply, ServerRequest } from './request.ts'

test('A ServerRequest knows its path, query and request info', () => {
  const request = new ServerRequest({ method: 'GET', target: '/api/v1/namespaces/a/pods?limit=5' })
  expect(request.path).toBe('/api/v1/namespaces/a/pods')
  expect(request.query.get('limit')).toBe('5')
  expect(request.info).toMatchObject({ verb: 'list', namespace: 'a', resource: 'pods' })
})

test('The Audit-Id is the one the client sent, otherwise one of its own', () => {
  const headers = { 'audit-id': 'mine' }
  expect(new ServerRequest({ method: 'GET', target: '/', headers }).id).toBe('mine')
  const own = new ServerRequest({ method: 'GET', target: '/' })
  expect(own.id).toMatch(/^[0-9a-f-]{36}$/)
  expect(own.id).toBe(own.id)
})

test('chain() runs filters from the first to the last around the handler', async () => {
  const journal: string[] = []
  const filter =
    (name: string): Filter =>
    async (request, next) => {
      journal.push(`${name} in`)
      const reply = await next(request)
      journal.push(`${name} out`)
      return reply
    }
  const reply: Reply = { status: 200, contentType: 'text/plain', body: Buffer.from('ok') }
  const handler = chain([filter('a'), filter('b')], async () => reply)
  expect(await handler(new ServerRequest({ method: 'GET', target: '/' }))).toBe(reply)
  expect(journal).toEqual(['a in', 'b in', 'b out', 'a out'])
})
