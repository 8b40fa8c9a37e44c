import { expect, test } from 'vitest'
import { FakeExec } from './exec.fake.ts'
import { hostMounts, parseMountPoints } from './mounts.ts'

test('parseMountPoints() reads the fifth field, with the characters that the kernel escapes', () => {
  const text =
    '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n' +
    '40 22 0:40 / /var/lib/with\\040space rw shared:20 - tmpfs tmpfs rw\n'
  expect(parseMountPoints(text)).toEqual(['/', '/var/lib/with space'])
})

test('below() finds the root itself and what is mounted in it, and no other path', () => {
  const mounts = hostMounts(new FakeExec())
  expect(mounts.below('/proc')).toContain('/proc')
  expect(mounts.below('/no-such-folder')).toEqual([])
})

test('A file system in memory is made with its size', async () => {
  const exec = new FakeExec()
  const mounts = hostMounts(exec)
  await mounts.mountMemory('/a', { sizeBytes: 1024 })
  await mounts.mountMemory('/b', {})
  await mounts.unmount('/a')
  expect(exec.commands).toEqual([
    'mount -t tmpfs -o size=1024 tmpfs /a',
    'mount -t tmpfs tmpfs /b',
    'umount --lazy /a',
  ])
})
