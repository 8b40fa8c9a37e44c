// The type declarations of the doors: what tsc derives from the sources, reduced to the files that a door
// leads to, in two trees. A CommonJS file may not read the types of an ECMAScript module, so that the same
// text stands in dist/cjs/types/, below a package.json that says so.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const relativeImport = /((?:from|import) ?\(?['"]\.{1,2}\/[^'"]+)\.ts(['"])/g

/** `./a.ts`, as sources name each other, becomes `./a.js`, as readers of a package expect. */
export const namePublished = (text: string): string => text.replace(relativeImport, '$1.js$2')

/** The declarations that one names, as paths: `./a.js` in `b/c.d.ts` is `b/a.d.ts`. */
export const namedBy = (path: string, text: string): string[] =>
  [...text.matchAll(/(?:from|import) ?\(?['"](\.{1,2}\/[^'"]+)\.js['"]/g)].map(match =>
    join(dirname(path), `${match[1]}.d.ts`),
  )

/** Everything that can be reached from these, themselves included. */
export function reachable(entries: readonly string[], read: (path: string) => string): Map<string, string> {
  const found = new Map<string, string>()
  const open = [...entries]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue
    const text = namePublished(read(path))
    found.set(path, text)
    open.push(...namedBy(path, text))
  }
  return found
}

/** Writes the declarations of the doors (`testing.ts`, below src/) into dist/types and dist/cjs/types. */
export function writeDeclarations(root: string, doors: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'futago-types-'))
  try {
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        rootDir: join(root, 'src'),
        typeRoots: [join(root, 'node_modules/@types')],
        outDir: join(folder, 'out'),
        declaration: true,
        emitDeclarationOnly: true,
        noCheck: true,
        incremental: false,
        tsBuildInfoFile: null,
      },
      include: [],
      files: doors.map(door => join(root, 'src', door)),
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    execFileSync(process.execPath, [compiler, '-p', folder], { stdio: 'inherit' })
    const entries = doors.map(door => door.replace(/\.ts$/, '.d.ts'))
    const texts = reachable(entries, path => readFileSync(join(folder, 'out', path), 'utf8'))
    for (const [path, text] of texts) {
      const target = join(root, 'dist/types', path)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, text)
    }
    cpSync(join(root, 'dist/types'), join(root, 'dist/cjs/types'), { recursive: true })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
