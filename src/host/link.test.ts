import { describe, expect, test } from 'vitest'
import { FakeExec } from './exec.fake.ts'
import { addAddress, listLinks, removeAddress, removeLink, runIPCommands } from './link.ts'

const report = [
  {},
  {
    ifname: 'lo',
    mtu: 65536,
    flags: ['LOOPBACK', 'UP'],
    addr_info: [
      { family: 'inet', local: '127.0.0.1', prefixlen: 8 },
      { family: 'inet6', local: '::1', prefixlen: 128 },
    ],
  },
  {
    ifname: 'eth0',
    mtu: 1500,
    flags: ['BROADCAST'],
    master: 'br0',
    linkinfo: { info_kind: 'veth' },
    addr_info: [],
  },
]

test('links are listed with the addresses of both families', async () => {
  const exec = new FakeExec({ ip: () => JSON.stringify(report) })
  expect(await listLinks(exec)).toEqual([
    { name: 'lo', mtu: 65536, isUp: true, addresses: ['127.0.0.1/8', '::1/128'] },
    { name: 'eth0', mtu: 1500, isUp: false, kind: 'veth', master: 'br0', addresses: [] },
  ])
  expect(exec.commands).toEqual(['ip -json -details address show'])
})

test('several changes are one process', async () => {
  let input: unknown
  const exec = new FakeExec({
    ip: (_, options) => {
      input = options.input
      return ''
    },
  })
  await runIPCommands(exec, ['link add br0 type bridge', 'link set br0 up'])
  await runIPCommands(exec, [])
  expect(exec.commands).toEqual(['ip -batch -'])
  expect(input).toBe('link add br0 type bridge\nlink set br0 up\n')
  await addAddress(exec, 'br0', '2001:db8::1/64')
  expect(input).toBe('address replace 2001:db8::1/64 dev br0 nodad\n')
})

describe('removing', () => {
  const saying = (stderr: string) => new FakeExec({ ip: () => ({ exitCode: 1, stderr }) })

  test('what is gone already is no error', async () => {
    await removeLink(saying('Cannot find device "br0"'), 'br0')
    await removeAddress(saying('RTNETLINK answers: Cannot assign requested address'), 'br0', '192.0.2.1/24')
  })

  test('any other failure is one', async () => {
    await expect(removeLink(saying('RTNETLINK answers: Operation not permitted'), 'br0')).rejects.toThrow(
      'Cannot run ip link delete br0: exit code 1: RTNETLINK answers: Operation not permitted',
    )
  })
})
