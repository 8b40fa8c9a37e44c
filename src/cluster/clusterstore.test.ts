import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openClusterStore } from './clusterstore.ts'
import { loadConfig } from './config.ts'
import { StateDirectory } from './statedirectory.ts'

const newDirectory = () => new StateDirectory(mkdtempSync(join(tmpdir(), 'futago-store-')), 'default')

test('A store that cannot be opened is named', async () => {
  const opening = openClusterStore(loadConfig({ store: 'paper' }), newDirectory())
  await expect(opening).rejects.toThrow('Cannot open --store paper: ')
})

test('lmdb without a directory is kept with the cluster', async () => {
  const directory = newDirectory()
  directory.create()
  const store = await openClusterStore(loadConfig({ store: 'lmdb' }), directory)
  await store.close()
  expect(directory.file('store')).toMatch(/default\/store$/)
  const again = openClusterStore(loadConfig({ store: `lmdb:${directory.file('store')}` }), directory)
  await (await again).close()
})
