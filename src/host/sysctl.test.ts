import { expect, test } from 'vitest'
import { FakeExec } from './exec.fake.ts'
import { forwarding, readSysctls, writeSysctls } from './sysctl.ts'

test('settings are read, without those that the kernel lacks', async () => {
  const exec = new FakeExec({ sysctl: () => ({ stdout: 'net.ipv4.ip_forward = 0\n', exitCode: 255 }) })
  expect(await readSysctls(exec, ['net.ipv4.ip_forward', 'net.bridge.none'])).toEqual({
    'net.ipv4.ip_forward': '0',
  })
  expect(exec.commands).toEqual(['sysctl -e net.ipv4.ip_forward net.bridge.none'])
})

test('forwarding is switched on for both families in one process', async () => {
  const exec = new FakeExec()
  await writeSysctls(exec, forwarding)
  await writeSysctls(exec, {})
  expect(exec.commands).toEqual([
    'sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.forwarding=1',
  ])
})
