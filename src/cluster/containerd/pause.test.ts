import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pauseImageArchive, pauseProgram } from './pause.ts'

const isLinux = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)

test.skipIf(!isLinux)('it runs until it is told to end, and then ends well', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'futago-pause-')), 'pause')
  writeFileSync(path, pauseProgram(process.arch), { mode: 0o755 })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const untilHandled = 'until grep -q "^SigCgt:.*4002$" /proc/$!/status; do :; done'
    const child = spawn('sh', ['-c', `${path} & ${untilHandled}; kill -${signal.slice(3)} $!; wait $!`])
    const ended = await new Promise(resolve => child.once('exit', code => resolve(code)))
    expect(ended).toBe(0)
  }
})

test('it is a small static executable for either architecture, and refuses others', () => {
  const machine = (architecture: string) => pauseProgram(architecture).readUInt16LE(18)
  expect(machine('x64')).toBe(62)
  expect(machine('arm64')).toBe(183)
  expect(pauseProgram('x64').length).toBeLessThan(512)
  expect(() => pauseProgram('ia32')).toThrow('Cannot make the pause program for ia32: expected x64 or arm64')
})

test('its image is the same bytes every time', () => {
  expect(pauseImageArchive('x64').equals(pauseImageArchive('x64'))).toBe(true)
})
