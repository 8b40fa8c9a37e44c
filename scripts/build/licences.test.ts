import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { licences, packageFolders } from './licences.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('Packages are found by the files that come from them, also scoped and nested ones', () => {
  expect(
    packageFolders([
      'src/a.ts',
      'node_modules/ws/lib/a.js',
      'node_modules/ws/b.js',
      'node_modules/@a/b/c.js',
    ]),
  ).toEqual(['node_modules/@a/b', 'node_modules/ws'])
  expect(packageFolders(['node_modules/a/node_modules/b/c.js'])).toEqual(['node_modules/a/node_modules/b'])
})

test('The terms of a package are carried as they are', () => {
  const text = licences(root, ['node_modules/ws/lib/sender.js'])
  expect(text).toContain('ws 8.23.0 (MIT)')
  expect(text).toContain('Copyright (c) 2011 Einar Otto Stangvik')
})
