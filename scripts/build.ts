// Bundles the doors and the command line into dist/: one file each plus the chunks they load when needed.
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }

/** Door or command -> its source below src/. */
const entries: Readonly<Record<string, string>> = {
  cli: 'cli/bin.ts',
  index: 'index.ts',
  testing: 'testing.ts',
  api: 'api/index.ts',
  client: 'client.ts',
  storage: 'storage/index.ts',
  verify: 'verify/index.ts',
}

rmSync(`${root}dist`, { recursive: true, force: true })
await build({
  entryPoints: Object.entries(entries)
    .map(([out, path]) => ({ out, in: `${root}src/${path}` }))
    .filter(entry => existsSync(entry.in)),
  outdir: `${root}dist`,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  legalComments: 'none',
  chunkNames: 'chunks/[name]-[hash]',
  external: ['lmdb', 'vitest'],
  define: { FUTAGO_VERSION: JSON.stringify(version) },
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
cpSync(`${root}src/api/generated`, `${root}dist/generated`, {
  recursive: true,
  filter: source => !source.endsWith('.ts'),
})
