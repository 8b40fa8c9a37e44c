// docs/verify.md says of every check what it proves, and knows every flag.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createProgram } from '../cli/main.ts'
import { checks } from './checks/index.ts'

const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
const page = read('verify.md')
const headings = [...page.matchAll(/^### ([A-Z]+-\d+)$/gm)].map(match => match[1]!)

test('every check has its heading, in order', () => {
  const ids = checks.map(check => check.id)
  expect(headings.filter(id => ids.includes(id))).toEqual(ids)
  expect(new Set(headings).size).toBe(headings.length)
  expect(headings).toHaveLength(68)
})

const parts = /\*\*Proves\*\*.*\*\*How\*\*.*\*\*A (failure|finding) means\*\*.*\*\*To mend it\*\*/s

test('each heading is followed by what it proves, how, what a failure means and how to mend it', () => {
  const bodies = page.split(/^### /m).slice(1)
  expect(bodies.filter(body => !parts.test(body)).map(body => body.split('\n')[0])).toEqual([])
})

test.each(['verify.md', 'verify.ja.md'])('%s says what each flag does', name => {
  const verify = createProgram().commands.find(command => command.name() === 'verify')!
  const flags = verify.options.map(option => option.long!)
  expect(flags).toContain('--profile')
  expect(flags.filter(flag => !read(name).includes(`\`${flag}`))).toEqual([])
})
