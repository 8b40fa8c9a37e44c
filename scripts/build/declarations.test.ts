import { expect, test } from 'vitest'
import { namePublished, reachable } from './declarations.ts'

test('Declarations name each other as a package does, and other modules stay', () => {
  expect(namePublished("import type { A } from '../a.ts'\nexport * from './b.ts'")).toBe(
    "import type { A } from '../a.js'\nexport * from './b.js'",
  )
  expect(namePublished("x: import('./c.ts').C; import { D } from 'node:d.ts'")).toBe(
    "x: import('./c.js').C; import { D } from 'node:d.ts'",
  )
})

test('Only what a door leads to is kept, even in a circle', () => {
  const files: Readonly<Record<string, string>> = {
    'door.d.ts': "export * from './a/b.ts'",
    'a/b.d.ts': "import type { C } from '../c.ts'",
    'c.d.ts': "export type C = import('./a/b.ts').B",
    'other.d.ts': '',
  }
  expect([...reachable(['door.d.ts'], path => files[path]!).keys()].sort()).toEqual([
    'a/b.d.ts',
    'c.d.ts',
    'door.d.ts',
  ])
})
