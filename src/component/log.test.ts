import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLogger, silentLogger } from './log.ts'

test('openLogger() writes JSON lines of its level and above, with the component that spoke', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'futago-log-')), 'log')
  const fd = openSync(file, 'w')
  const log = await openLogger({ level: 'info', fd })
  log.debug('unheard')
  log.child('scheduler').warn('no node fits', { pod: 'a/b' })
  closeSync(fd)
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toMatchObject({
    component: 'scheduler',
    msg: 'no node fits',
    pod: 'a/b',
    level: 40,
  })
})

test('silentLogger says nothing, and neither do its children', () => {
  expect(silentLogger.child('x')).toBe(silentLogger)
})
