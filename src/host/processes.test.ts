import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../component/clock.ts'
import { commandLineOf, findProcesses, findProcessesWith, isRunning, killProcesses } from './processes.ts'

const isLinux = process.platform === 'linux'

test.skipIf(!isLinux)('a process is found by its program, even a deleted one, and ended', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'futago-processes-')), 'sleep')
  // By another process: what this one has open to write cannot be executed while it starts others.
  execFileSync('cp', ['/bin/sleep', path])
  const child = spawn(path, ['60'])
  await new Promise(resolve => child.once('spawn', resolve))
  expect(findProcesses(path)).toEqual([child.pid])
  expect(findProcessesWith(path)).toEqual([child.pid])
  expect(commandLineOf(child.pid!)).toEqual([path, '60'])
  rmSync(path)
  expect(findProcesses(path)).toEqual([child.pid])
  await killProcesses([child.pid!], systemClock)
  expect(isRunning(child.pid!)).toBe(false)
  expect(findProcesses(path)).toEqual([])
})

test.skipIf(!isLinux)('a process that is gone has no command line and need not be ended', async () => {
  const gone = 4_194_305
  expect(commandLineOf(gone)).toEqual([])
  expect(isRunning(gone)).toBe(false)
  await killProcesses([gone], systemClock)
})
