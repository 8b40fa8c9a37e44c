// The house rules, run over the tree. scripts/tidy.ts has the rules; the exceptions stand here, each with
// its reason.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import * as tidy from '../scripts/tidy.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const filesBelow = (folder: string, ending: RegExp) =>
  !existsSync(join(root, folder))
    ? []
    : readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter(
          path => ending.test(path) && !path.startsWith('api/generated/') && !path.includes('node_modules'),
        )
        .sort()
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const sources = filesBelow('src', /\.ts$/).map(path => ({ path, text: read(`src/${path}`) }))
const isTest = (path: string) => /\.(test|fuzz|bench|fake)\.ts$/.test(path)
const product = sources.filter(({ path }) => !isTest(path))
const show = (folder: string, path: string, problems: readonly tidy.Problem[]) =>
  problems.map(({ line, text }) => `${folder}${path}:${line} ${text}`)

/** `<path> <replacement>` of a ban -> why it is right there. */
const allowedBans: Record<string, string> = {
  'kubelet/fieldpath.ts the plural field podIPs: a dual-stack object has several':
    'the field path is what a user writes',
  'kubelet/fieldpath.ts the plural field hostIPs: a dual-stack object has several':
    'the field path is what a user writes',
  'verify/mode.ts the plural field clusterIPs: a dual-stack object has several':
    'servers before 1.20 have no other',
}

/** Files without a test beside them -> why. */
const untested: Record<string, string> = {
  'cli/commanderror.ts': 'an error class',
  'cluster/configerror.ts': 'an error class',
  'client/execplugin.ts': 'connection.test.ts, with the others that make a connection',
  'client/incluster.ts': 'connection.test.ts, with the others that make a connection',
  'client/proxy.ts': 'connection.test.ts, with the others that make a connection',
  'client/socks.ts': 'connection.test.ts, with the others that make a connection',
  'client/impersonation.ts': 'connection.test.ts, with the others that make a connection',
  'client/waitforlist.ts': 'testclusteruse.test.ts, as people meet it',
  'cluster/fixtures.ts': 'likewise',
  'cli/stateroot.ts': 'one expression, used by every command test',
  'cluster/components.ts': 'cluster.test.ts: a cluster that starts has them',
  'cluster/nodes.ts': 'likewise',
  'index.ts': 'a door: re-exports',
  'testing.ts': 'a door: re-exports',
  'apiserver/admission/podsecurity/baseline.ts': 'tested by podsecurity.test.ts, as people meet it',
  'apiserver/admission/podsecurity/policy.ts': 'likewise',
  'apiserver/admission/podsecurity/restricted.ts': 'likewise',
  'apiserver/admission/podsecurity/violation.ts': 'likewise',
  'storage/conformance.ts': 'is itself the test, run by each driver',
  'storage/conformance/actions.ts': 'likewise',
  'storage/conformance/compaction.ts': 'likewise',
  'storage/conformance/reads.ts': 'likewise',
  'storage/conformance/watches.ts': 'likewise',
  'storage/conformance/writes.ts': 'likewise',
}

/** Files longer than the limit -> why they are one piece. */
const longFiles: Record<string, string> = {}

describe('the tree', () => {
  test('imports only in the directions of the table', () => {
    expect(product.flatMap(f => show('src/', f.path, tidy.findForbiddenImports(f.path, f.text)))).toEqual([])
  })

  test('has no banned construct', () => {
    expect(product.flatMap(f => show('src/', f.path, tidy.findBans(f.path, f.text, allowedBans)))).toEqual([])
  })

  test('keeps functions, files and lines short', () => {
    const scripts = [...filesBelow('scripts', /\.ts$/).map(path => ['scripts/', path] as const)]
    const all = [...sources.map(f => ['src/', f.path] as const), ...scripts]
    const found = all
      .filter(([, path]) => !longFiles[path])
      .flatMap(([folder, path]) => show(folder, path, tidy.findTooLong(path, read(folder + path))))
    expect(found).toEqual([])
  })

  test('opens every file with what it is', () => {
    expect(product.flatMap(f => show('src/', f.path, tidy.findMissingOpening(f.text)))).toEqual([])
  })

  test('has a test beside every file that does something', () => {
    const paths = new Set(sources.map(f => f.path))
    const missing = product
      .filter(({ path, text }) => tidy.hasBehaviour(text) && !untested[path])
      .filter(({ path }) => !paths.has(path.replace(/\.ts$/, '.test.ts')))
      .filter(({ path }) => !paths.has(join(dirname(path), 'index.test.ts')))
      .filter(({ path }) => !(path.startsWith('api/resources/') && paths.has('api/resources/index.test.ts')))
    expect(missing.map(({ path }) => path)).toEqual([])
  })

  test('lists in each index.ts the files beside it', () => {
    const lists = [
      'controllers',
      'scheduler/plugins',
      'apiserver/admission',
      'apiserver/filters',
      'kubelet/volumes',
      'network/dns/plugins',
    ]
    for (const list of lists.filter(list => existsSync(join(root, `src/${list}/index.ts`)))) {
      const imported = tidy
        .importsOf(`${list}/index.ts`, read(`src/${list}/index.ts`))
        .map(({ target }) => target)
      const unlisted = product
        .filter(
          ({ path, text }) =>
            dirname(path) === list && /export const \w+(Controller|Plugin|Filter)\b/.test(text),
        )
        .filter(({ path }) => !imported.includes(path))
      expect(unlisted.map(({ path }) => path)).toEqual([])
    }
  })

  test('has no dead link in its documents', () => {
    const documents = [
      ...filesBelow('docs', /\.md$/).map(path => `docs/${path}`),
      ...readdirSync(root).filter(path => path.endsWith('.md')),
    ]
    const found = documents.flatMap(path => {
      const exists = (target: string) => existsSync(join(root, dirname(path), target))
      return show('', path, tidy.findDeadLinks(read(path), exists))
    })
    expect(found).toEqual([])
  })
})

describe('the documents', () => {
  test('name every dependency and say what it is for', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json'))
    const text = read('docs/dependencies.md')
    const listed = [...text.matchAll(/^\| ([^|]+) \|/gm)].flatMap(match => match[1]!.split(', '))
    const names = [...Object.keys(dependencies), ...Object.keys(devDependencies)].sort()
    expect(listed.filter(name => name !== 'package' && !name.startsWith('-')).sort()).toEqual(names)
  })

  test('name only files that exist', () => {
    const named = [
      ...read('ARCHITECTURE.md').matchAll(/`((?:src|scripts|test|bench|docs)\/[\w./-]+|\w+\/[\w/]+\.ts)`/g),
    ]
    const missing = named.filter(
      ([, path]) => !existsSync(join(root, path!)) && !existsSync(join(root, 'src', path!)),
    )
    expect(missing.map(([, path]) => path)).toEqual([])
    expect(named.length).toBeGreaterThan(10)
  })
})

describe('the rules themselves', () => {
  const texts = (problems: readonly tidy.Problem[]) => problems.map(problem => problem.text)

  test('an import against the table is found, one along it is not', () => {
    const text = "import { a } from '../storage/store.ts'\nimport { b } from '../api/object.ts'\n"
    expect(tidy.findForbiddenImports('client/client.ts', text)).toEqual([
      { line: 1, text: 'client/ may not import storage/store.ts' },
    ])
    expect(tidy.findForbiddenImports('apiserver/apiserver.ts', text)).toEqual([])
    expect(texts(tidy.findForbiddenImports('network/dns/dns.ts', "import '../proxy/proxy.ts'"))).toHaveLength(
      1,
    )
    expect(tidy.findForbiddenImports('network/proxy/proxy.ts', "import '../nftables/nft.ts'")).toEqual([])
  })

  test('bans are found in code and not in comments, and not where they are right', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text under test
    expect(texts(tidy.findBans('a/b.ts', 'const x = `${ip}:${port}`'))[0]).toContain('joinHostPort')
    expect(texts(tidy.findBans('a/b.ts', 'pod.status.podIP'))[0]).toContain('podIPs')
    expect(tidy.findBans('a/b.ts', 'pod.status.podIPs // not .podIP')).toEqual([])
    expect(tidy.findBans('api/resources/core/pod.ts', 'pod.status.podIP')).toEqual([])
    expect(texts(tidy.findBans('a/b.ts', "if (family === 'IPv6') {"))).toHaveLength(1)
    expect(texts(tidy.findBans('a/b.ts', 'setTimeout(f, 1)'))).toHaveLength(1)
    expect(tidy.findBans('component/clock.ts', 'setTimeout(f, 1)')).toEqual([])
  })

  test('long functions are measured, other blocks are not', () => {
    const body = '  f()\n'.repeat(69)
    expect(texts(tidy.findTooLong('a.ts', `function f() {\n${body}}\n`))).toEqual([
      'a function of 71 lines: function f() {',
    ])
    expect(tidy.findTooLong('a.ts', `function f() {\n${body.slice(6)}}\n`)).toEqual([])
    expect(tidy.findTooLong('a.ts', `export interface A {\n${body}}\n`)).toEqual([])
    expect(texts(tidy.findTooLong('a.ts', `${'\n'.repeat(400)}x`))).toEqual(['401 lines'])
    expect(texts(tidy.findTooLong('a.ts', 'x'.repeat(111)))).toEqual(['111 characters'])
  })

  test('types alone need no test, functions do', () => {
    expect(tidy.hasBehaviour('export interface A {\n  f(): void\n  readonly g: (a: string) => void\n}')).toBe(
      false,
    )
    expect(tidy.hasBehaviour('export const f = (a: number) => a + 1')).toBe(true)
  })

  test('dead links and missing openings are found', () => {
    expect(texts(tidy.findDeadLinks('[a](b.md) [c](https://c.example) [d](#d)', () => false))).toEqual([
      'dead link b.md',
    ])
    expect(tidy.findMissingOpening('// A file.\n')).toEqual([])
    expect(tidy.findMissingOpening("import 'x'\n")).toHaveLength(1)
  })
})
