// The doors for loaders that know only CommonJS, such as jest's: each file of the bundle once more, as
// CommonJS. One file for one file, so that here too the doors share what they have in common: an error of one
// is an instance of the class of another.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { transform } from 'esbuild'

/** What every file of the ESM bundle opens with; in CommonJS `require` is there. */
export const esmBanner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

const moduleURL = '__futagoModuleURL'

/** One file of the bundle as CommonJS; what it loads when needed, it loads with `require`. */
export async function toCommonJS(text: string): Promise<string> {
  const { code } = await transform(text.replace(esmBanner, ''), {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': moduleURL },
    banner: `const ${moduleURL} = require('node:url').pathToFileURL(__filename).href;`,
  })
  return code
}

/** Writes dist/cjs/ from what is in dist/, except the command line. */
export async function writeCommonJS(dist: string): Promise<void> {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(
    path => path.endsWith('.js') && path !== 'cli.js' && !path.startsWith('cjs/'),
  )
  for (const path of files) {
    const target = join(dist, 'cjs', path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, await toCommonJS(readFileSync(join(dist, path), 'utf8')))
  }
  writeFileSync(join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n')
}
