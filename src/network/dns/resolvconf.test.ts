// The host's name servers.
import { expect, test } from 'vitest'
import { parseNameservers } from './resolvconf.ts'

test('name servers of both families are read in their order, the rest is passed over', () => {
  const text = `# made by hand
search example.com
nameserver 192.0.2.53
 nameserver   2001:db8::53
nameserver fe80::1%eth0
nameserver
nameserver example.com
;nameserver 192.0.2.54
options ndots:5
`
  expect(parseNameservers(text)).toEqual(['192.0.2.53', '2001:db8::53', 'fe80::1%eth0'])
})
