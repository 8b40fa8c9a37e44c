import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FakeExec } from './exec.fake.ts'
import { createNetworkNamespace, removeNetworkNamespace } from './netns.ts'

const newPath = () => join(mkdtempSync(join(tmpdir(), 'futago-netns-')), 'below', 'network')

test('a namespace is made at its file, with its loopback up', async () => {
  const exec = new FakeExec()
  const path = newPath()
  await createNetworkNamespace(exec, path)
  expect(existsSync(path)).toBe(true)
  expect(exec.commands).toEqual([
    `unshare --net=${path} -- true`,
    `nsenter --net=${path} -- ip link set lo up`,
  ])
})

test('removing it removes the file, mounted or not, and may be repeated', async () => {
  const exec = new FakeExec({ umount: () => ({ exitCode: 32, stderr: 'umount: x: not mounted.' }) })
  const path = newPath()
  await createNetworkNamespace(exec, path)
  await removeNetworkNamespace(exec, path)
  await removeNetworkNamespace(exec, path)
  expect(existsSync(path)).toBe(false)
  expect(exec.commands.slice(2)).toEqual([`umount --lazy ${path}`])
})

test('a namespace that cannot be unmounted keeps its file', async () => {
  const exec = new FakeExec({ umount: () => ({ exitCode: 32, stderr: 'umount: x: must be superuser' }) })
  const path = newPath()
  await createNetworkNamespace(exec, path)
  await expect(removeNetworkNamespace(exec, path)).rejects.toThrow('must be superuser')
  expect(existsSync(path)).toBe(true)
})
