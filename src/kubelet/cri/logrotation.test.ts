import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import { LogRotation, removeLog, rotateLog } from './logrotation.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'futago-rotation-'))
  path = join(folder, '0.log')
})
afterEach(() => rm(folder, { recursive: true }))

const limits = { maxBytes: 10, maxFiles: 4 }
const reopen = () => writeFile(path, '')

test('A log that is small is left alone, a large one put aside', async () => {
  await writeFile(path, 'small')
  await rotateLog(path, { ...limits, nowMs: 0, reopen })
  expect(await readdir(folder)).toEqual(['0.log'])
  await writeFile(path, 'large enough')
  await rotateLog(path, { ...limits, nowMs: Date.UTC(2026, 0, 2, 3, 4, 5), reopen })
  expect(await readdir(folder)).toEqual(['0.log', '0.log.20260102-030405'])
  expect(await readFile(`${path}.20260102-030405`, 'utf8')).toBe('large enough')
})

test('Older ones are compressed, the oldest removed, others not touched', async () => {
  await writeFile(join(folder, '1.log.20250101-000000'), 'of another run')
  for (const minute of [0, 1, 2, 3, 4]) {
    await writeFile(path, `rotation ${minute}`)
    await rotateLog(path, { ...limits, nowMs: Date.UTC(2026, 0, 1, 0, minute), reopen })
  }
  expect(await readdir(folder)).toEqual([
    '0.log',
    '0.log.20260101-000200.gz',
    '0.log.20260101-000300.gz',
    '0.log.20260101-000400',
    '1.log.20250101-000000',
  ])
  expect(gunzipSync(await readFile(`${path}.20260101-000200.gz`)).toString()).toBe('rotation 2')
  await removeLog(path)
  expect(await readdir(folder)).toEqual(['1.log.20250101-000000'])
})

test('A log that the runtime does not let go of stays where it is', async () => {
  await writeFile(path, 'large enough')
  const refuse = async () => {
    throw new Error('no')
  }
  await expect(rotateLog(path, { ...limits, nowMs: 0, reopen: refuse })).rejects.toThrow('no')
  expect(await readdir(folder)).toEqual(['0.log'])
})

test('Logs are looked at every ten seconds', async () => {
  const clock = new FakeClock()
  await writeFile(path, 'large enough')
  let onReopen = () => undefined as unknown
  const reopened = new Promise(resolve => {
    onReopen = () => resolve(undefined)
  })
  const logs = () => [{ path, reopen: async () => void onReopen() }]
  const rotation = new LogRotation({ clock, log: silentLogger, limits, logs })
  rotation.start()
  await clock.advance(10_000)
  await reopened
  rotation.stop()
  expect(await readdir(folder)).toEqual(['0.log.20260101-000010'])
})
