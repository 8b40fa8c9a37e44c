// What `npm pack` makes, used in an empty project: as ECMAScript modules, as CommonJS, from TypeScript.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './kubectl.ts'
import { findNode24, missingNode24 } from './node24.ts'
import { Project } from './project.ts'

let project: Project
beforeAll(async () => {
  project = await Project.create(['typescript', '@types/node', 'undici-types'])
})
afterAll(() => project.remove())

const packed = () =>
  readdirSync(join(project.folder, 'node_modules/futago'), { recursive: true, encoding: 'utf8' }).filter(
    path => statSync(join(project.folder, 'node_modules/futago', path)).isFile(),
  )

const use = (load: (door: string) => string) => `
const { TestCluster } = ${load('testing')}
const { configMaps, isNotFound } = ${load('api')}
const { Client } = ${load('client')}
async function main() {
  const cluster = await TestCluster.start({ objects: 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}' })
  const { metadata } = await cluster.client.get(configMaps, { namespace: 'default', name: 'a' })
  const missing = await cluster.client.get(configMaps, { namespace: 'default', name: 'b' }).catch(error => error)
  await cluster.stop()
  console.log(metadata.name, isNotFound(missing), cluster.client instanceof Client)
}
main()
`

test.concurrent('An ECMAScript module uses it', async () => {
  project.write(
    'use.mjs',
    use(door => `await import('futago/${door}')`),
  )
  const { stdout, stderr } = await project.run('node', ['use.mjs'])
  expect({ stdout, stderr }).toEqual({ stdout: 'a true true\n', stderr: '' })
})

test.concurrent.each([
  ['', 'the same modules'],
  ['--no-experimental-require-module', 'copies, as loaders use them that know only CommonJS'],
])('CommonJS uses it %s: %s', async flag => {
  const file = `use${flag}.cjs`
  project.write(
    file,
    use(door => `require('futago/${door}')`),
  )
  const { stdout, stderr } = await project.run('node', [...(flag ? [flag] : []), file])
  expect({ stdout, stderr }).toEqual({ stdout: 'a true true\n', stderr: '' })
})

const node24 = missingNode24()

test.skipIf(node24).concurrent(`Node.js 24 runs all of it${node24 ? `: ${node24}` : ''}`, async () => {
  const node = findNode24()
  project.write(
    'use24.mjs',
    use(door => `await import('futago/${door}')`),
  )
  project.write(
    'use24.cjs',
    use(door => `require('futago/${door}')`),
  )
  for (const file of ['use24.mjs', 'use24.cjs']) {
    const { stdout, stderr } = await project.run(node, [file])
    expect({ stdout, stderr }).toEqual({ stdout: 'a true true\n', stderr: '' })
  }
  const command = (...args: string[]) =>
    project.run(node, ['node_modules/futago/dist/cli.js', ...args], { FUTAGO_HOME: project.folder })
  const up = await command('up', '--detach', '--name', 'newer', '--secure-port', '0')
  expect(up).toMatchObject({ exitCode: 0, stderr: '' })
  expect(up.stdout).toMatch(/^ready in \d+ ms {2}kubeconfig: /)
  expect((await command('down', '--name', 'newer')).stdout).toBe('cluster newer: stopped\n')
})

const typed = `
import { type Cluster, type ClusterOptions, loadConfig, startCluster } from 'futago'
import { isNotFound, type Pod, pods, services, StatusError } from 'futago/api'
import { Client, defineController, Informer, WorkQueue } from 'futago/client'
import { openStore, type Store } from 'futago/storage'
import { TestCluster, type TestClusterOptions } from 'futago/testing'
import { defineCheck, pass, runChecks } from 'futago/verify'

export async function addresses(options: TestClusterOptions): Promise<readonly string[]> {
  const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'b' } }
  await using cluster = await TestCluster.start({ ...options, objects: [settings] })
  const typed: Pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await cluster.apply([typed, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: {} }])
  const target = { namespace: 'default', name: 'a' }
  const pod: Pod = await cluster.client.get(pods, target)
  const until = ({ spec }: { spec?: { clusterIPs?: readonly string[] } }) => spec?.clusterIPs?.length === 2
  const service = await cluster.waitFor(services, target, { until })
  return [...(service.spec?.clusterIPs ?? []), pod.metadata?.name ?? '']
}
export const controller = defineController({
  name: 'mine',
  for: pods,
  async reconcile(pod, { client }) {
    const image: string | undefined = pod.spec?.containers[0]?.image
    if (image) await client.list(services)
  },
})
export const values: unknown[] = [startCluster, loadConfig, Client, Informer, WorkQueue, StatusError, isNotFound]
export const others: unknown[] = [openStore, defineCheck, pass, runChecks]
export type Types = Cluster | ClusterOptions | Store
// @ts-expect-error: types are there, and say that there is no such field
export const wrong: Pod = { spec: { containers: [{ name: 'a', imaeg: 'x' }] } }
`
const resolutions: readonly (readonly [string, readonly string[]])[] = [
  ['node16', ['--module', 'node16']],
  ['bundler', ['--module', 'preserve', '--moduleResolution', 'bundler']],
]

test.concurrent.each(resolutions)(
  'TypeScript finds complete types with the resolution %s',
  async (name, flags) => {
    const files = ['typed.mts', 'typed.cts', 'typed.ts'].map(file => `${name}/${file}`)
    for (const file of files) project.write(file, typed)
    const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false']
    const language = ['--target', 'es2022', '--lib', 'es2022,esnext.disposable', '--types', 'node']
    const compiler = 'node_modules/typescript/bin/tsc'
    const { stdout } = await project.run('node', [compiler, ...strict, ...language, ...flags, ...files])
    expect(stdout).toBe('')
  },
)

/** A loader hook that prints the address of every module. */
const tell = String.raw`
import { writeSync } from 'node:fs'
export const load = (url, context, next) => (writeSync(1, url + '\n'), next(url, context))
`

/** What the bundler says of each file of the bundle: `dist/chunks/x.js` -> what it holds and asks for. */
interface Bundled {
  readonly inputs: Readonly<Record<string, unknown>>
  readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[]
}
const bundled = (): Readonly<Record<string, Bundled>> =>
  JSON.parse(readFileSync(join(root, 'dist/metafile.json'), 'utf8')).outputs

/** The files of which these files of the package hold parts: `src/ip/family.ts`. */
function inputsOf(files: readonly string[]): string[] {
  const outputs = bundled()
  return files.flatMap(file => Object.keys(outputs[file.slice(file.indexOf('dist/'))]!.inputs))
}

const packagesIn = (files: readonly string[]) => {
  const names = inputsOf(files).map(path => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
  return [...new Set(names)].filter(Boolean).sort()
}

/** The folders below src/, and of the store the single files. */
const sourcesIn = (files: readonly string[]) => {
  const paths = inputsOf(files).flatMap(path => (path.startsWith('src/') ? [path.slice('src/'.length)] : []))
  return new Set(paths.map(path => (path.startsWith('storage/') ? path : path.split('/')[0])))
}

test.concurrent('A door loads only what it needs: a test cluster no database and no gRPC', async () => {
  project.write('tell.mjs', tell)
  project.write(
    'loaded.mjs',
    `
import { register } from 'node:module'
register('./tell.mjs', import.meta.url)
const { TestCluster } = await import('futago/testing')
const cluster = await TestCluster.start()
await cluster.stop()
`,
  )
  const loaded = (await project.must('node', ['loaded.mjs'])).trim().split('\n')
  const files = loaded.filter(url => url.includes('/futago/dist/')).map(url => fileURLToPath(url))
  expect(files.length).toBeGreaterThan(5)
  expect(loaded.filter(url => url.includes('node_modules/') && !url.includes('/futago/'))).toEqual([])
  expect(packagesIn(files)).toEqual(['ip-bigint'])
  const sources = sourcesIn(files)
  expect(sources).toContain('controllers')
  for (const absent of ['storage/lmdb.ts', 'storage/etcd.ts', 'grpc', 'verify', 'network', 'host', 'cli']) {
    expect(sources).not.toContain(absent)
  }
})

test('The package holds what is used and nothing else', async () => {
  const files = packed()
  const folders = new Set(
    files.map(path =>
      path
        .split('/')
        .slice(0, path.startsWith('dist/') ? 2 : 1)
        .join('/'),
    ),
  )
  expect(files.filter(path => /\.test\.|\.fake\.|\.fuzz\.|tsconfig|\.map$/.test(path))).toEqual([])
  expect([...folders].filter(path => !path.includes('.') || path.startsWith('dist/')).sort()).toEqual([
    'LICENSE',
    'NOTICE',
    'dist/LICENSES.txt',
    'dist/api.js',
    'dist/chunks',
    'dist/cjs',
    'dist/cli.js',
    'dist/client.js',
    'dist/generated',
    'dist/index.js',
    'dist/storage.js',
    'dist/testing.js',
    'dist/types',
    'dist/verify.js',
  ])
})

test('What the bundle leaves to be found is a dependency of the package, and nothing else is', () => {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const named = Object.values(bundled()).flatMap(({ imports }) =>
    // What ws requires besides it can do without.
    imports.filter(({ external, kind }) => external && kind !== 'require-call').map(({ path }) => path),
  )
  const outside = [...new Set(named)].filter(name => !isBuiltin(name))
  expect(outside.sort()).toEqual(Object.keys({ ...dependencies, ...peerDependencies }).sort())
})
