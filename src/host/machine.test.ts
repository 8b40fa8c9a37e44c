import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { prettyName, readMachine } from './machine.ts'

test.each([
  [
    'NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
    'Debian GNU/Linux 12 (bookworm)',
  ],
  ["PRETTY_NAME='One quoted so'\n", 'One quoted so'],
  ['PRETTY_NAME=Alpine\n', 'Alpine'],
  ['ID=none\n', ''],
])('prettyName() of %j is %s', (text, name) => {
  expect(prettyName(text)).toBe(name)
})

test('A machine has processors, memory, disk and an architecture as Go names it', () => {
  const machine = readMachine(tmpdir())
  expect(machine.processors).toBeGreaterThan(0)
  expect(machine.memoryBytes).toBeGreaterThan(2 ** 20)
  expect(machine.diskBytes).toBeGreaterThan(2 ** 20)
  expect(machine.architecture).not.toBe('x64')
  expect(machine.kernelVersion).toMatch(/^\d+\./)
})
