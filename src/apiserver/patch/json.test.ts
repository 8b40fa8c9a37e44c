import { expect, test } from 'vitest'
import { jsonPatch } from './json.ts'

const object = () => ({
  metadata: { name: 'web', labels: { app: 'web', 'a/b': 'slash', 'c~d': 'tilde' } },
  spec: { ports: [{ port: 80 }, { port: 443 }], replicas: null as unknown },
})

const applied = (...operations: unknown[]) => jsonPatch(operations)(object())

function refusal(act: () => unknown) {
  try {
    act()
  } catch (error) {
    const { code, reason, message } = error as { code: number; reason: string; message: string }
    return { code, reason, message }
  }
  return undefined
}

const notApplicable = {
  code: 422,
  reason: 'Invalid',
  message: 'the server rejected our request due to an error in our request',
}

test('Every operation does what RFC 6902 says', () => {
  expect(
    applied(
      { op: 'test', path: '/metadata/name', value: 'web' },
      { op: 'add', path: '/metadata/labels/tier', value: 'front' },
      { op: 'remove', path: '/metadata/labels/app' },
      { op: 'replace', path: '/metadata/labels/a~1b', value: 'changed' },
      { op: 'move', from: '/metadata/labels/c~0d', path: '/metadata/labels/moved' },
      { op: 'copy', from: '/spec/ports/0', path: '/spec/ports/-' },
      { op: 'add', path: '/spec/ports/0', value: { port: 22 } },
      { op: 'replace', path: '/spec/ports/3/port', value: 81 },
    ),
  ).toEqual({
    metadata: { name: 'web', labels: { tier: 'front', 'a/b': 'changed', moved: 'tilde' } },
    spec: { ports: [{ port: 22 }, { port: 80 }, { port: 443 }, { port: 81 }], replicas: null },
  })
})

test('Neither the object nor the patch is changed, so that a patch can be applied again', () => {
  const value = { port: 1 }
  const patch = jsonPatch([
    { op: 'add', path: '/spec/ports/-', value },
    { op: 'replace', path: '/spec/ports/2/port', value: 2 },
    { op: 'copy', from: '/spec/ports/2', path: '/spec/ports/-' },
    { op: 'replace', path: '/spec/ports/3/port', value: 3 },
  ])
  const before = object()
  const expected = [{ port: 80 }, { port: 443 }, { port: 2 }, { port: 3 }]
  expect(patch(before)).toMatchObject({ spec: { ports: expected } })
  expect(patch(before)).toMatchObject({ spec: { ports: expected } })
  expect([before, value]).toEqual([object(), { port: 1 }])
})

test('Indices may count from the end, and a replace sets a field that is absent', () => {
  expect(applied({ op: 'remove', path: '/spec/ports/-1' })).toMatchObject({ spec: { ports: [{ port: 80 }] } })
  expect(applied({ op: 'replace', path: '/spec/type', value: 'NodePort' })).toMatchObject({
    spec: { type: 'NodePort' },
  })
  expect(applied({ op: 'add', path: '/spec/ports/-1', value: 1 })).toMatchObject({
    spec: { ports: [{ port: 80 }, { port: 443 }, 1] },
  })
})

test('A test passes for what is equal, in whatever order fields stand, and for null where nothing is', () => {
  const passes = (path: string, value: unknown) =>
    refusal(() => applied({ op: 'test', path, value })) === undefined
  expect(passes('/metadata/labels', { 'c~d': 'tilde', 'a/b': 'slash', app: 'web' })).toBe(true)
  expect(passes('/spec/ports', [{ port: 80 }, { port: 443 }])).toBe(true)
  expect(passes('/spec/ports', [{ port: 443 }, { port: 80 }])).toBe(false)
  expect(passes('/spec/ports/0/port', '80')).toBe(false)
  expect(passes('/spec/nothing', null)).toBe(true)
  expect(passes('/spec/replicas', null)).toBe(true)
  expect(passes('/metadata/name', null)).toBe(false)
  expect(passes('', object())).toBe(true)
})

test('What does not apply is 422, the same for every cause', () => {
  for (const operation of [
    { op: 'test', path: '/metadata/name', value: 'other' },
    { op: 'remove', path: '/spec/nothing' },
    { op: 'add', path: '/spec/nothing/here', value: 1 },
    { op: 'replace', path: '/metadata/name/first', value: 1 },
    { op: 'add', path: '/spec/ports/3', value: 1 },
    { op: 'remove', path: '/spec/ports/2' },
    { op: 'remove', path: '/spec/ports/-3' },
    { op: 'remove', path: '/spec/ports/-' },
    { op: 'remove', path: '/spec/ports/x' },
    { op: 'remove', path: '' },
    { op: 'remove', path: 'spec' },
    { op: 'add', value: 1 },
    { op: 'move', path: '/spec/x' },
    { op: 'grow', path: '/spec' },
    { path: '/spec' },
    { op: 'replace', path: '', value: 'text' },
  ]) {
    expect([operation, refusal(() => applied(operation))]).toEqual([operation, notApplicable])
  }
})

test('What is not a JSON patch is 400 and says what was found', () => {
  const messageOf = (patch: unknown) => refusal(() => jsonPatch(patch))
  expect(messageOf({ op: 'add' })).toEqual({
    code: 400,
    reason: 'BadRequest',
    message:
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
  })
  expect(messageOf(['add'])!.message).toBe(
    'error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp',
  )
  expect(messageOf([{ op: 'add', path: 7 }])!.message).toBe(
    'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string',
  )
  expect(messageOf(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '' })))).toEqual({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message:
      'Request entity is too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
  })
  expect(jsonPatch(null)(object())).toEqual(object())
})

test('__proto__ is a name like any other and reaches no prototype', () => {
  const result = applied({ op: 'add', path: '/metadata/__proto__', value: { polluted: true } }) as {
    metadata: object
  }
  expect(Object.hasOwn(result.metadata, '__proto__')).toBe(true)
  expect(Object.getPrototypeOf(result.metadata)).toBe(Object.prototype)
  expect(refusal(() => applied({ op: 'add', path: '/__proto__/polluted', value: true }))).toEqual(
    notApplicable,
  )
  expect(refusal(() => applied({ op: 'add', path: '/constructor/prototype/x', value: 1 }))).toEqual(
    notApplicable,
  )
  expect('polluted' in {}).toBe(false)
})
