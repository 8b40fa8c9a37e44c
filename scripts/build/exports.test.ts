import { expect, test } from 'vitest'
import { exportedNames } from './exports.ts'

const files: Readonly<Record<string, string>> = {
  'a/index.ts': `
export * from './b.ts'
export type * from './c.ts'
export * from './generated.ts'
export { d, type E, f as g } from '../d.ts'
export type { H } from '../d.ts'
`,
  'a/b.ts': `
export const b = 1
export async function c() {}
export interface B { readonly x: number }
const hidden = 1
export abstract class K {}
`,
  'a/c.ts': 'export class C {}\nexport type Alias = string\nexport const ofNoUse = 1\n',
}

test('Names are found through lists and through modules exported as a whole', () => {
  expect(
    exportedNames(
      'a/index.ts',
      path => files[path]!,
      path => path === 'a/generated.ts',
    ),
  ).toEqual({
    values: ['K', 'b', 'c', 'd', 'g'],
    types: ['Alias', 'B', 'C', 'E', 'H'],
  })
})
