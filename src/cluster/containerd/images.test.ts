import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FakeExec } from '../../host/exec.fake.ts'
import { loadImages } from './images.ts'

const folder = mkdtempSync(join(tmpdir(), 'futago-images-'))
const archives = ['a.tar', 'b.tar'].map(name => join(folder, name))
for (const path of archives) writeFileSync(path, '')

const options = { stateDirectory: '/home/me/.futago/default', nodes: 2, archives }

test('every archive is loaded into every node', async () => {
  const exec = new FakeExec()
  await loadImages({ ...options, exec })
  expect([...exec.commands].sort()).toEqual(
    ['node1', 'node2'].flatMap(node =>
      archives.map(
        archive =>
          `ctr --address /run/futago/0d1a7e/${node}/containerd.sock --namespace k8s.io images import ${archive}`,
      ),
    ),
  )
})

test('what is no archive is refused with its name', async () => {
  const exec = new FakeExec({ ctr: () => ({ exitCode: 1, stderr: 'ctr: unrecognized image format' }) })
  await expect(loadImages({ ...options, exec })).rejects.toThrow(
    `Cannot load ${archives[0]}: ctr: unrecognized image format, expected an archive of images`,
  )
  await expect(loadImages({ ...options, archives: ['/nowhere.tar'], exec })).rejects.toThrow(
    'Cannot load /nowhere.tar: there is no such file, expected an archive of images',
  )
})
