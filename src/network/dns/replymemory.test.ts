// What is remembered, and for how long.
import { expect, test } from 'vitest'
import { ReplyMemory } from './replymemory.ts'

const bytes = (id: number, text: string) => Buffer.concat([Buffer.from([0, id]), Buffer.from(text)])

test('the same question gets the same reply with its own id, until something changes', () => {
  let version = 1
  const memory = new ReplyMemory(() => version)
  expect(memory.get(bytes(1, 'a long question'))).toBeUndefined()
  memory.put(bytes(1, 'a long question'), bytes(1, 'reply'))
  expect(memory.get(bytes(2, 'a long question'))).toEqual(bytes(2, 'reply'))
  expect(memory.get(bytes(2, 'another question'))).toBeUndefined()
  version = 2
  expect(memory.get(bytes(2, 'a long question'))).toBeUndefined()
})

test('an answer that was made before a change is not kept', () => {
  let version = 1
  const memory = new ReplyMemory(() => version)
  memory.get(bytes(1, 'a long question'))
  version = 2
  memory.put(bytes(1, 'a long question'), bytes(1, 'reply'))
  expect(memory.get(bytes(1, 'a long question'))).toBeUndefined()
})
