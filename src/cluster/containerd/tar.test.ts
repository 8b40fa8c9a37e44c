import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { formatTar } from './tar.ts'

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
