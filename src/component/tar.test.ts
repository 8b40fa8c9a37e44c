import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatTar, parseTar } from './tar.ts'

const list = (archive: Buffer) =>
  execFileSync('tar', ['--utc', '-tvf', '-'], { input: archive }).toString().trimEnd().split('\n')

test('an archive is read by tar', () => {
  const archive = formatTar([
    { path: 'bin/' },
    { path: 'bin/tool', mode: 0o755, content: 'x'.repeat(600) },
    { path: 'bin/other', linkTo: 'tool', mode: 0o777 },
    { path: `${'a'.repeat(60)}/${'b'.repeat(60)}`, content: 'deep' },
  ])
  expect(list(archive).map(line => line.replace(/ +/g, ' '))).toEqual([
    'drwxr-xr-x 0/0 0 1970-01-01 00:00 bin/',
    '-rwxr-xr-x 0/0 600 1970-01-01 00:00 bin/tool',
    'lrwxrwxrwx 0/0 0 1970-01-01 00:00 bin/other -> tool',
    `-rw-r--r-- 0/0 4 1970-01-01 00:00 ${'a'.repeat(60)}/${'b'.repeat(60)}`,
  ])
  expect(execFileSync('tar', ['-xOf', '-', 'bin/tool'], { input: archive }).toString()).toBe('x'.repeat(600))
})

test('a path that does not fit is refused', () => {
  expect(() => formatTar([{ path: 'a'.repeat(256) }])).toThrow('expected a path of up to 255 bytes')
})

test('what tar writes is read, with names of any length', () => {
  const folder = mkdtempSync(join(tmpdir(), 'futago-tar-'))
  const long = `${'a'.repeat(200)}/${'b'.repeat(120)}/c`
  mkdirSync(join(folder, long), { recursive: true })
  writeFileSync(join(folder, long, 'file'), 'deep')
  writeFileSync(join(folder, 'tool'), 'x'.repeat(1000), { mode: 0o755 })
  symlinkSync('tool', join(folder, 'other'))
  for (const format of ['pax', 'gnu']) {
    const args = [`--format=${format}`, '-C', folder, '-cf', '-', long, 'tool', 'other']
    const entries = parseTar(execFileSync('tar', args, { maxBuffer: 1 << 20 }))
    const shown = entries.map(({ path, mode, content, linkTo }) => [path, mode, content?.toString(), linkTo])
    expect(shown).toEqual([
      [`${long}/`, 0o755, undefined, undefined],
      [`${long}/file`, 0o644, 'deep', undefined],
      ['tool', 0o755, 'x'.repeat(1000), undefined],
      ['other', 0o777, undefined, 'tool'],
    ])
  }
})

test('what was written is read again, and what is no archive is refused', () => {
  const archive = formatTar([{ path: 'bin/' }, { path: 'bin/tool', content: Buffer.from([0, 1, 255]) }])
  expect(parseTar(archive)).toEqual([
    { path: 'bin/', mode: 0o755 },
    { path: 'bin/tool', mode: 0o644, content: Buffer.from([0, 1, 255]) },
  ])
  expect(parseTar(Buffer.alloc(0))).toEqual([])
  expect(() => parseTar(Buffer.alloc(512, 'x'))).toThrow('this does not look like a tar archive')
  expect(() => parseTar(archive.subarray(0, 1024))).toThrow('the archive ends too soon')
})
