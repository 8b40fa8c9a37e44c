import { expect, test } from 'vitest'
import { FakeExec } from './exec.fake.ts'
import { listRoutes, removeRoute, replaceRoutes } from './route.ts'

test('routes of both families are listed', async () => {
  const exec = new FakeExec({
    ip: args =>
      args.includes('-4')
        ? '[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","protocol":"dhcp","flags":[]}]'
        : '[{"dst":"2001:db8::/64","dev":"eth0","protocol":"kernel","metric":256}]',
  })
  expect(await listRoutes(exec)).toEqual([
    { destination: 'default', via: '192.0.2.1', link: 'eth0', protocol: 'dhcp' },
    { destination: '2001:db8::/64', link: 'eth0', protocol: 'kernel' },
  ])
})

test('an own protocol is asked for by its number and stands in the answer', async () => {
  const exec = new FakeExec({
    ip: args =>
      args.includes('-6') ? '[{"dst":"2001:db8:1::/64","gateway":"2001:db8::7","dev":"eth0"}]' : '',
  })
  expect(await listRoutes(exec, '88')).toEqual([
    { destination: '2001:db8:1::/64', via: '2001:db8::7', link: 'eth0', protocol: '88' },
  ])
  expect(exec.commands).toEqual(['ip -json -4 route show proto 88', 'ip -json -6 route show proto 88'])
})

test('routes of both families are made in one process', async () => {
  let input: unknown
  const exec = new FakeExec({
    ip: (_, options) => {
      input = options.input
      return ''
    },
  })
  await replaceRoutes(exec, [
    { destination: '198.51.100.0/24', via: '192.0.2.7', protocol: '88' },
    { destination: 'default', via: '2001:db8::1' },
    { destination: '203.0.113.0/24', link: 'br0' },
  ])
  expect(input).toBe(
    'route replace 198.51.100.0/24 via 192.0.2.7 proto 88\n' +
      'route replace default via 2001:db8::1\n' +
      'route replace 203.0.113.0/24 dev br0\n',
  )
})

test('a route that is gone is no error, another failure is', async () => {
  const saying = (stderr: string) => new FakeExec({ ip: () => ({ exitCode: 2, stderr }) })
  const route = { destination: '2001:db8:1::/64', via: '2001:db8::7' }
  await removeRoute(saying('RTNETLINK answers: No such process'), route)
  await expect(removeRoute(saying('RTNETLINK answers: Operation not permitted'), route)).rejects.toThrow(
    'Cannot run ip route delete 2001:db8:1::/64 via 2001:db8::7: exit code 2: RTNETLINK answers: Operation not permitted',
  )
})
