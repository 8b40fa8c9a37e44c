import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configMaps } from '../api/resources/core/configmap.ts'
import { startCluster } from './cluster.ts'
import { restoreSnapshot, saveSnapshot } from './snapshots.ts'
import { StateDirectory } from './statedirectory.ts'

const newRoot = () => mkdtempSync(join(tmpdir(), 'futago-snapshots-'))
const keep = { metadata: { namespace: 'default', name: 'keep' }, data: { a: 'b' } }

test('A running cluster of any store is saved; a new cluster holds what it held', async () => {
  const stateRoot = newRoot()
  const source = await startCluster({ name: 'source', store: 'memory', securePort: 0 }, { stateRoot })
  const made = await source.client.create(configMaps, keep)
  const file = join(stateRoot, 'file')
  const saved = await saveSnapshot(
    { name: 'source', directory: new StateDirectory(stateRoot, 'source') },
    file,
  )
  await source.stop()
  expect(saved.revision).toBeGreaterThanOrEqual(Number(made.metadata.resourceVersion))
  expect(readdirSync(stateRoot).sort()).toEqual(['file', 'source'])

  const target = { name: 'target', directory: new StateDirectory(stateRoot, 'target') }
  const { firstRevision } = await restoreSnapshot(target, file, { force: false })
  expect(firstRevision).toBe(saved.revision + 1_000_000_000)
  await expect(restoreSnapshot(target, file, { force: false })).rejects.toThrow(
    'expected --force to put them aside',
  )
  const copy = await startCluster({ name: 'target', securePort: 0 }, { stateRoot })
  const found = await copy.client.get(configMaps, { namespace: 'default', name: 'keep' })
  expect([found.data, found.metadata.resourceVersion]).toEqual([keep.data, made.metadata.resourceVersion])
  await expect(restoreSnapshot(target, file, { force: true })).rejects.toThrow(
    'expected: futago down --name target',
  )
  await copy.stop()
})

test('What cannot be saved or restored is said in one line, and leaves nothing', async () => {
  const stateRoot = newRoot()
  const target = { name: 'none', directory: new StateDirectory(stateRoot, 'none') }
  await expect(saveSnapshot(target, join(stateRoot, 'file'))).rejects.toThrow('there is no store in')
  await expect(restoreSnapshot(target, import.meta.filename, { force: false })).rejects.toThrow(
    'it does not begin with "futago-snapshot/1"',
  )
  const etcd = { ...target, store: 'etcd:http://localhost:2379' }
  await expect(restoreSnapshot(etcd, import.meta.filename, { force: false })).rejects.toThrow(
    'etcdctl snapshot',
  )
  expect(readdirSync(stateRoot)).toEqual([])
})
