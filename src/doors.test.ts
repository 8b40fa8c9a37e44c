// The doors of the package export exactly what docs/doors.md lists: nothing is published by accident, and
// nothing disappears unnoticed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { exportedNames } from '../scripts/build/exports.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const sources: Readonly<Record<string, string>> = {
  futago: 'index.ts',
  'futago/testing': 'testing.ts',
  'futago/client': 'client.ts',
  'futago/api': 'api/index.ts',
  'futago/storage': 'storage/index.ts',
  'futago/verify': 'verify/index.ts',
}
const isGenerated = (path: string) => path.includes('/generated/')

/** `futago/client` -> what stands in the line that begins so. */
function listed(door: string, title: string): string[] {
  const section =
    read('docs/doors.md')
      .split('\n## ')
      .find(text => text.startsWith(`${door}\n`)) ?? ''
  const paragraph = section.split('\n\n').find(text => text.startsWith(`${title}: `)) ?? ''
  return [...paragraph.matchAll(/`([^`]+)`/g)].map(match => match[1]!)
}

test.each(Object.entries(sources))('%s exports what docs/doors.md lists', (door, source) => {
  const { values, types } = exportedNames(`src/${source}`, read, isGenerated)
  expect(listed(door, 'Values')).toEqual(values)
  expect(listed(door, 'Types')).toEqual(types)
})

test('Those are the doors of the package', () => {
  const { exports } = JSON.parse(read('package.json'))
  const doors = Object.keys(sources).map(door => door.replace('futago', '.'))
  expect(Object.keys(exports).sort()).toEqual([...doors, './package.json'].sort())
})
