// Bundles the doors and the command line into dist/: one file each plus the chunks they load when needed.
// Beside them the same as CommonJS, the types, and the licences of what is in there.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { esmBanner, writeCommonJS } from './build/commonjs.ts'
import { writeDeclarations } from './build/declarations.ts'
import { licences } from './build/licences.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }

/** The commit that is built; empty without a repository, as in an unpacked archive. */
function commitOf(folder: string): string {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: folder,
      stdio: [...stdio],
      encoding: 'utf8',
    }).trim()
  } catch {
    return ''
  }
}

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
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: Object.entries(entries).map(([out, path]) => ({ out, in: `${root}src/${path}` })),
  outdir: `${root}dist`,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  // A fifth less to read at each start; lines stay short, as Node.js prints the one that an error is in.
  minifyWhitespace: true,
  lineLimit: 110,
  legalComments: 'none',
  chunkNames: 'chunks/[name]-[hash]',
  external: ['lmdb', 'vitest'],
  define: { FUTAGO_VERSION: JSON.stringify(version), FUTAGO_COMMIT: JSON.stringify(commitOf(root)) },
  banner: { js: esmBanner },
  metafile: true,
  logLevel: 'warning',
})
// As npm installs it, the file itself is the command.
const command = `${root}dist/cli.js`
writeFileSync(command, `#!/usr/bin/env node\n${readFileSync(command, 'utf8')}`)
chmodSync(command, 0o755)
cpSync(`${root}src/api/generated`, `${root}dist/generated`, {
  recursive: true,
  filter: source => !source.endsWith('.ts'),
})
// For the tests of what each door loads.
writeFileSync(`${root}dist/metafile.json`, JSON.stringify(metafile))
writeFileSync(`${root}dist/LICENSES.txt`, licences(root, Object.keys(metafile.inputs)))
const { cli: _, ...doors } = entries
writeDeclarations(root, Object.values(doors))
await writeCommonJS(`${root}dist`)
