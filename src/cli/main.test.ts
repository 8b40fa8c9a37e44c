import { expect, test } from 'vitest'
import { createProgram } from './main.ts'

test("The program has its commands, in the order of a cluster's life", () => {
  const names = createProgram().commands.map(command => command.name())
  expect(names).toEqual(['up', 'down', 'status', 'kubeconfig', 'node', 'snapshot', 'verify', 'version'])
})

test('Every command and every option says what it is for', () => {
  for (const command of createProgram().commands) {
    expect(command.description(), command.name()).not.toBe('')
    for (const option of command.options) expect(option.description, option.flags).not.toBe('')
  }
})
