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
  await restoreSnapshot(target, file, { force: false })
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
  const memory = { ...target, store: 'memory' }
  await expect(saveSnapshot(memory, join(stateRoot, 'file'))).rejects.toThrow(
    'Cannot open --store memory: expected lmdb:DIRECTORY or etcd:URL,...',
  )
  const misplaced = { ...target, etcdPrefix: '/twins' }
  await expect(saveSnapshot(misplaced, join(stateRoot, 'file'))).rejects.toThrow('expected --store etcd:URL')
  expect(readdirSync(stateRoot)).toEqual([])
})
