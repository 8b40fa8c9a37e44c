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
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  })
})

test('A part of a part has one name in its lines', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'futago-log-')), 'log')
  const fd = openSync(file, 'w')
  const log = await openLogger({ level: 'info', fd })
  log.child('apiserver').child('tokens').info('a key was read')
  closeSync(fd)
  expect(readFileSync(file, 'utf8').match(/"component":"\w+"/g)).toEqual(['"component":"tokens"'])
})

test('Text is for people: a line each, values that are no words in quotes', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'futago-log-')), 'log')
  const fd = openSync(file, 'w')
  const log = await openLogger({ level: 'info', format: 'text', fd })
  log.debug('unheard')
  log.info('leading')
  log.child('scheduler').warn('no node fits', { pod: 'a/b', error: 'first\nsecond', attempts: 2 })
  closeSync(fd)
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  expect(lines.map(line => line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, ''))).toEqual([
    'INFO  leading',
    'WARN  scheduler: no node fits  pod=a/b error="first\\nsecond" attempts=2',
  ])
})

test('silentLogger says nothing, and neither do its children', () => {
  expect(silentLogger.child('x')).toBe(silentLogger)
})

test('A log that cannot be written is lost, and nothing else', async () => {
  // /dev/full: a disk without room.
  const fd = openSync('/dev/full', 'w')
  for (const format of ['json', 'text'] as const) {
    const log = await openLogger({ level: 'info', fd, format })
    log.error('there is no room')
  }
  await new Promise(resolve => setImmediate(resolve))
  closeSync(fd)
})
