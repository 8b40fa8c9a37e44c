import { expect, test } from 'vitest'
import { StatusError } from '../../api/status.ts'
import { maxJSONPatchOperations, readJSONPatch } from './json.ts'

const object = { metadata: { labels: { a: '1' } }, spec: { ports: [{ port: 80 }, { port: 81 }] } }

async function apply(...operations: unknown[]): Promise<unknown> {
  return (await readJSONPatch(operations))(object)
}

async function refusal(document: unknown): Promise<StatusError> {
  try {
    await (await readJSONPatch(document))(object)
  } catch (error) {
    if (error instanceof StatusError) return error
    throw error
  }
  throw new Error('the patch was accepted')
}

test('Operations are applied in order, to a copy', async () => {
  const patched = await apply(
    { op: 'test', path: '/metadata/labels/a', value: '1' },
    { op: 'add', path: '/metadata/labels/b~1c', value: '2' },
    { op: 'remove', path: '/spec/ports/0' },
    { op: 'add', path: '/spec/ports/-', value: { port: 82 } },
  )
  expect(patched).toEqual({
    metadata: { labels: { a: '1', 'b/c': '2' } },
    spec: { ports: [{ port: 81 }, { port: 82 }] },
  })
  expect(object.spec.ports).toHaveLength(2)
})

test.each([
  [[{ op: 'test', path: '/metadata/labels/a', value: '2' }]],
  [[{ op: 'remove', path: '/metadata/labels/missing' }]],
  [[{ op: 'replace', path: '/spec/ports/7', value: {} }]],
  [[{ op: 'add', path: '/__proto__/polluted', value: true }]],
])('%j does not fit: Invalid', async document => {
  const error = await refusal(document)
  expect(error.code).toBe(422)
  expect(error.message).toBe('the server rejected our request due to an error in our request')
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test.each([
  [{}],
  [[{ op: 'grow', path: '/a' }]],
  [[{ op: 'add', path: 'a', value: 1 }]],
  [[{ op: 'move', path: '/a' }]],
  [[7]],
])('%j is no patch: BadRequest', async document => {
  expect((await refusal(document)).code).toBe(400)
})

test('A patch has a limited number of operations', async () => {
  const document = Array.from({ length: maxJSONPatchOperations + 1 }, () => ({
    op: 'test',
    path: '',
    value: object,
  }))
  const error = await refusal(document)
  expect(error.code).toBe(413)
  expect(error.message).toBe('The allowed maximum operations in a JSON patch is 10000, got 10001')
})
