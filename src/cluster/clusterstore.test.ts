import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { openClusterStore } from './clusterstore.ts'
import { loadConfig } from './config.ts'
import { StateDirectory } from './statedirectory.ts'

const context = { clock: systemClock, log: silentLogger }
const newDirectory = () => new StateDirectory(mkdtempSync(join(tmpdir(), 'futago-store-')), 'default')

test('A store that cannot be opened is named', async () => {
  const opening = openClusterStore(loadConfig({ store: 'paper' }), newDirectory(), context)
  await expect(opening).rejects.toThrow('Cannot open --store paper: ')
})

test('lmdb without a directory is kept with the cluster', async () => {
  const directory = newDirectory()
  directory.create()
  const store = await openClusterStore(loadConfig({ store: 'lmdb' }), directory, context)
  await store.close()
  expect(directory.file('store')).toMatch(/default\/store$/)
  const again = openClusterStore(loadConfig({ store: `lmdb:${directory.file('store')}` }), directory, context)
  await (await again).close()
})
