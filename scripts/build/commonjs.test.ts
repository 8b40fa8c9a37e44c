import { expect, test } from 'vitest'
import { esmBanner, toCommonJS } from './commonjs.ts'

test('A file of the bundle becomes CommonJS that runs and finds its own place', async () => {
  const code = await toCommonJS(
    [
      esmBanner,
      "import { join } from 'node:path'",
      "export const place = import.meta.url, both = join('a', 'b'), system = require('node:os').EOL",
      "export const later = () => import('node:zlib')",
    ].join('\n'),
  )
  const module = { exports: {} as Record<string, unknown> }
  const load = (name: string) => process.getBuiltinModule(name)
  new Function('module', 'exports', 'require', '__filename', code)(module, {}, load, '/dist/cjs/a.js')
  expect(module.exports['place']).toBe('file:///dist/cjs/a.js')
  expect(module.exports['both']).toBe('a/b')
  expect(module.exports['system']).toBe('\n')
  const zlib = await (module.exports['later'] as () => Promise<Record<string, unknown>>)()
  expect(zlib['gzipSync']).toBeTypeOf('function')
  expect(code).not.toContain('import(')
})
