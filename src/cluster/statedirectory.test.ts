import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { StateDirectory } from './statedirectory.ts'

const running = (pid: number) => ({
  name: 'a',
  pid,
  server: 'https://[::1]:6443',
  kubeconfig: '/k',
  store: 'memory',
  runtime: 'simulated',
  nodes: 1,
  ipFamilies: ['IPv4'],
  startedAt: '2026-01-01T00:00:00Z',
})

test('A cluster is running as long as its process lives', () => {
  const root = mkdtempSync(join(tmpdir(), 'futago-state-'))
  const directory = new StateDirectory(root, 'a')
  directory.create()
  expect(directory.running()).toBeUndefined()
  directory.setRunning(running(process.pid))
  expect(directory.running()?.server).toBe('https://[::1]:6443')
  directory.setRunning(running(2 ** 22 + 1))
  expect(directory.running()).toBeUndefined()
  directory.clearRunning()
  expect(directory.read('running.json')).toBeUndefined()
})

test('Files are for their owner only, and every cluster of the root is listed', () => {
  const root = mkdtempSync(join(tmpdir(), 'futago-state-'))
  for (const name of ['b', 'a']) new StateDirectory(root, name).create()
  const directory = new StateDirectory(root, 'a')
  directory.write('secret', 'pki', 'ca.key')
  expect(statSync(directory.file('pki', 'ca.key')).mode & 0o777).toBe(0o600)
  expect(statSync(directory.file('pki')).mode & 0o777).toBe(0o700)
  expect(StateDirectory.list(root)).toEqual(['a', 'b'])
  expect(StateDirectory.list(join(root, 'missing'))).toEqual([])
  directory.remove()
  expect(StateDirectory.list(root)).toEqual(['b'])
})

test('Clusters that are servers of one have their keys in one place', () => {
  const root = mkdtempSync(join(tmpdir(), 'futago-state-'))
  const certDir = join(root, 'shared', 'keys')
  const [a, b] = [new StateDirectory(root, 'a'), new StateDirectory(root, 'b')]
  a.create()
  a.create(certDir)
  b.create(certDir)
  a.write('secret', 'pki', 'ca.key')
  expect(b.read('pki', 'ca.key')).toBe('secret')
  a.create(certDir)
  a.create()
  expect(a.read('pki', 'ca.key')).toBe('secret')
  b.remove()
  expect(a.read('pki', 'ca.key')).toBe('secret')
  const own = new StateDirectory(root, 'c')
  own.create()
  own.write('another', 'pki', 'ca.key')
  expect(() => own.create(certDir)).toThrow(
    `Cannot use --cert-dir ${certDir}: the cluster has keys of its own`,
  )
})
