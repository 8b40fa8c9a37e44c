// The ```ts blocks of the documents run: each becomes a module that imports from the sources instead of the package.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test, vi } from 'vitest'
import { root } from './kubectl.ts'

const documents = ['README.md', ...readdirSync(join(root, 'docs')).map(name => `docs/${name}`)]
const blocks = documents
  .filter(path => path.endsWith('.md'))
  .flatMap(path =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)]
      .map(match => match[1]!)
      .filter(code => code.includes("from 'futago"))
      .map((code, index) => ({ name: `${path} block ${index + 1}`, code })),
  )

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** `./verify`: its types are where its source is. */
const sourceOf = (door: string): string =>
  join(root, exports[door].default.types.replace('./dist/types/', 'src/').replace(/\.d\.ts$/, '.ts'))

test.each(blocks)('$name runs', async ({ name, code }) => {
  const folder = join(root, 'node_modules/.cache/codeblocks')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name.replace(/\W+/g, '-')}.ts`)
  const doors = code.replace(/from 'futago(\/\w+)?'/g, (_, door = '') => `from '${sourceOf(`.${door}`)}'`)
  writeFileSync(file, doors.replaceAll('/tmp/clusters', mkdtempSync(join(tmpdir(), 'futago-doc-'))))
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import(pathToFileURL(file).href)
  expect(printed).toHaveBeenCalled()
  printed.mockRestore()
})

test('there are code blocks to run', () => {
  expect(blocks.length).toBeGreaterThan(0)
})
