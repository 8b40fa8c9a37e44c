import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { languages } from '../text.ts'
import { checks } from './index.ts'

const ids = checks.map(({ id }) => id)

test('Every file of a check is listed, once, under its name', () => {
  const files = readdirSync(import.meta.dirname).filter(name => /^[A-Z]+-\d+\.ts$/.test(name))
  expect([...ids].sort()).toEqual(files.map(name => name.replace('.ts', '')).sort())
})

test('A check requires only checks that come before it', () => {
  checks.forEach((check, index) => {
    for (const required of check.requires) expect(ids.slice(0, index)).toContain(required)
  })
})

test('Every check has a title in each language', () => {
  for (const { title } of checks)
    for (const language of languages) expect(title[language].length).toBeGreaterThan(5)
})
