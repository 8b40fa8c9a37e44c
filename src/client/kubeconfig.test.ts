import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  clientConfig,
  emptyKubeconfig,
  formatKubeconfig,
  loadKubeconfig,
  mergeKubeconfigs,
  parseKubeconfig,
  withContext,
  withoutContext,
} from './kubeconfig.ts'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
})
afterAll(() => rm(directory, { recursive: true }))

const base64 = (text: string) => Buffer.from(text).toString('base64')
const one = withContext(emptyKubeconfig(), 'one', {
  cluster: { server: 'https://[::1]:6443/', 'certificate-authority-data': base64('CA') },
  user: { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
})

test('What is written is read again', async () => {
  const text = await formatKubeconfig(one)
  expect(text).toContain('current-context: one')
  expect(await parseKubeconfig(text)).toEqual(one)
})

test('A context resolves to what a connection needs', async () => {
  expect(await clientConfig(one)).toEqual({
    server: 'https://[::1]:6443',
    namespace: 'default',
    ca: 'CA',
    certificate: 'CERT',
    key: 'KEY',
  })
})

test('Files are found beside the kubeconfig that names them', async () => {
  await writeFile(join(directory, 'ca.crt'), 'CA FILE')
  const text = [
    'clusters: [{ name: c, cluster: { server: "https://x:1", certificate-authority: ca.crt } }]',
    'users: [{ name: u, user: { token: secret } }]',
    'contexts: [{ name: x, context: { cluster: c, user: u, namespace: ns } }]',
    'current-context: x',
  ].join('\n')
  await writeFile(join(directory, 'config'), text)
  const loaded = await loadKubeconfig([join(directory, 'missing'), join(directory, 'config')])
  expect(await clientConfig(loaded)).toEqual({
    server: 'https://x:1',
    namespace: 'ns',
    ca: 'CA FILE',
    token: 'secret',
  })
})

test('Of several files the first one wins, entry by entry', () => {
  const other = withContext(one, 'one', { cluster: { server: 'https://other:1' }, user: { token: 'b' } })
  const second = withContext(other, 'two', { cluster: { server: 'https://two:1' }, user: {} })
  const merged = mergeKubeconfigs([one, second])
  expect(merged['current-context']).toBe('one')
  expect(merged.clusters.map(({ name, cluster }) => [name, cluster.server])).toEqual([
    ['one', 'https://[::1]:6443/'],
    ['two', 'https://two:1'],
  ])
})

test('A context is replaced, not doubled, and taken out again', () => {
  const twice = withContext(one, 'one', { cluster: { server: 'https://new:1' }, user: {} })
  expect(twice.clusters.map(({ cluster }) => cluster.server)).toEqual(['https://new:1'])
  expect(withoutContext(twice, 'one')).toEqual(emptyKubeconfig())
})

test('What is missing is said', async () => {
  await expect(clientConfig(emptyKubeconfig())).rejects.toThrow('there is no current context')
  await expect(clientConfig(one, 'two')).rejects.toThrow('"two": it does not exist')
  await expect(parseKubeconfig('kind: Pod')).rejects.toThrow('expected kind Config')
})
