import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Pod, Volume } from '../api/generated/types.ts'
import { Client } from '../client/client.ts'
import { FakeClock } from '../component/clock.ts'
import { fakeMounts } from '../host/mounts.fake.ts'
import { NodeVolumes } from './nodevolumes.ts'
import { WatchedReferences } from './watchedreferences.ts'

let rootDirectory: string
let host: string
beforeEach(() => {
  rootDirectory = mkdtempSync(join(tmpdir(), 'futago-volumes-'))
  host = join(rootDirectory, 'host')
  mkdirSync(host)
})
afterEach(() => rmSync(rootDirectory, { recursive: true, force: true }))

function start() {
  const clock = new FakeClock()
  const nothing = async () => undefined
  const references = { configMap: nothing, secret: nothing, serviceAccountToken: nothing }
  const client = new Client({} as ConstructorParameters<typeof Client>[0])
  const mounts = fakeMounts()
  const volumes = new NodeVolumes({
    rootDirectory,
    mounts,
    clock,
    references: new WatchedReferences({ client, clock, references }),
    hostIPs: [],
    allocatable: {},
  })
  return { volumes, mounts }
}

const podWith = (volume: Omit<Volume, 'name'>, spec: object = {}): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: 'u' },
  spec: { containers: [], volumes: [{ name: 'v', ...volume }], ...spec },
})
const part = (pod: Pod, subPath = '') => ({ volume: pod.spec!.volumes![0]!, subPath })
const permissions = (path: string) => statSync(path).mode & 0o7777

test('An emptyDir is a folder for all, and keeps what is in it', async () => {
  const { volumes } = start()
  const pod = podWith({ emptyDir: {} })
  await volumes.update(pod)
  const path = volumes.pathOf(pod, part(pod))
  expect(path).toBe(join(rootDirectory, 'pods/u/volumes/kubernetes.io~empty-dir/v'))
  expect(permissions(path)).toBe(0o777)
  writeFileSync(join(path, 'kept'), 'x')
  await volumes.update(pod)
  expect(readFileSync(join(path, 'kept'), 'utf8')).toBe('x')
})

test.runIf(process.getuid?.() === 0)('With an fsGroup an emptyDir belongs to it', async () => {
  const { volumes } = start()
  const pod = podWith({ emptyDir: {} }, { securityContext: { fsGroup: 4000 } })
  await volumes.update(pod)
  const path = volumes.pathOf(pod, part(pod))
  expect([statSync(path).gid, permissions(path)]).toEqual([4000, 0o2777])
  // What a sub path names is made as the volume is.
  expect(permissions(volumes.pathOf(pod, part(pod, 'made')))).toBe(0o2777)
})

test.each([
  ['Directory', 'missing', ' is not a directory'],
  ['File', 'folder', ' is not a file'],
  ['Socket', 'file', ' is not a socket file'],
  ['CharDevice', 'file', ' is not a character device'],
  ['BlockDevice', 'file', ' is not a block device'],
  ['FileOrCreate', 'missing/x', '/missing is not a directory'],
])('A host path of type %s at %s fails with its words', async (type, name, why) => {
  mkdirSync(join(host, 'folder'))
  writeFileSync(join(host, 'file'), '')
  const { volumes } = start()
  const path = join(host, name)
  const said = type === 'FileOrCreate' ? `${host}${why}` : `${path}${why}`
  await expect(volumes.update(podWith({ hostPath: { path, type } }))).rejects.toThrow(
    `MountVolume.SetUp failed for volume "v" : hostPath type check failed: ${said}`,
  )
})

test.each([
  ['DirectoryOrCreate', 'new/folder'],
  ['FileOrCreate', 'new.txt'],
  ['Directory', '.'],
  ['', 'anything'],
])('A host path of type %s at %s is there', async (type, name) => {
  const { volumes } = start()
  const pod = podWith({ hostPath: { path: join(host, name), type } })
  await volumes.update(pod)
  expect(volumes.pathOf(pod, part(pod))).toBe(join(host, name))
  expect(existsSync(join(host, name))).toBe(type !== '')
})

test('A sub path is made inside the volume, and never leads out of it', async () => {
  const { volumes } = start()
  const pod = podWith({ emptyDir: {} })
  await volumes.update(pod)
  const root = volumes.pathOf(pod, part(pod))
  expect(volumes.pathOf(pod, part(pod, 'a/b'))).toBe(join(root, 'a/b'))
  expect(permissions(join(root, 'a/b'))).toBe(0o777)
  symlinkSync(host, join(root, 'out'))
  symlinkSync('a', join(root, 'inside'))
  expect(volumes.pathOf(pod, part(pod, 'inside/b'))).toBe(join(root, 'a/b'))
  for (const subPath of ['out', 'out/made', '../x', '/etc']) {
    expect(() => volumes.pathOf(pod, part(pod, subPath))).toThrow(
      `subPath "${subPath}" leads out of the volume v`,
    )
  }
  expect(existsSync(join(host, 'made'))).toBe(false)
})

test('A kind of volume that is not known holds the Pod up', async () => {
  const { volumes } = start()
  await expect(volumes.update(podWith({ nfs: { server: 's', path: '/' } }))).rejects.toThrow(
    'MountVolume.SetUp failed for volume "v" : volumes of the kind nfs are not known on this node',
  )
})

test('A volume in memory is mounted once, again when it was lost, and unmounted at the end', async () => {
  const { volumes, mounts } = start()
  const pod = podWith({ emptyDir: { medium: 'Memory' } })
  await volumes.update(pod)
  const path = volumes.pathOf(pod, part(pod))
  expect([...mounts.mounted]).toEqual([[path, undefined]])
  mounts.mounted.clear()
  await volumes.update(pod)
  expect(mounts.mounted.size).toBe(1)
  await volumes.remove('u')
  expect([mounts.mounted.size, existsSync(path), volumes.pods()]).toEqual([0, false, []])
  await volumes.remove('u')
})

test('Nothing is removed where something stays mounted', async () => {
  const { volumes, mounts } = start()
  const pod = podWith({ emptyDir: { medium: 'Memory' } })
  await volumes.update(pod)
  mounts.unmount = async () => undefined
  await expect(volumes.remove('u')).rejects.toThrow('Cannot remove the volumes of a Pod: ')
  expect(volumes.pods()).toEqual(['u'])
})
