import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { parseMachineUsage, prettyName, readMachine } from './machine.ts'

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

test('What a machine has used is its processors without waiting, and memory that is not free', () => {
  const stat = 'cpu  100 10 50 99999 77 3 2 0 0 0\ncpu0 100 10 50 99999 77 3 2 0 0 0\nbtime 1767225600\n'
  const meminfo = 'MemTotal:        1000 kB\nMemFree:          200 kB\nMemAvailable:     400 kB\n'
  expect(parseMachineUsage(stat, meminfo)).toEqual({
    cpuNanoseconds: 1_650_000_000,
    memoryWorkingSetBytes: 614_400,
    startedAt: '2026-01-01T00:00:00Z',
  })
})
