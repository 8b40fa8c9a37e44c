import { describe, expect, test } from 'vitest'
import { familyOrders } from '../ip/family.ts'
import { advertiseAddress, type HostAddress, listenError, localAddress, peerAddress } from './listen.ts'

const loopback4: HostAddress = { family: 'IPv4', address: '127.0.0.1', isLoopback: true }
const loopback6: HostAddress = { family: 'IPv6', address: '::1', isLoopback: true }
const lan4: HostAddress = { family: 'IPv4', address: '192.0.2.7', isLoopback: false }

test.each([
  ['::', ['IPv4', 'IPv6'], [loopback4, loopback6], '127.0.0.1'],
  ['::', ['IPv6', 'IPv4'], [loopback4, loopback6], '::1'],
  ['::', ['IPv6'], [loopback4, loopback6], '::1'],
  ['0.0.0.0', ['IPv6', 'IPv4'], [loopback4], '127.0.0.1'],
  ['0.0.0.0', ['IPv6'], [loopback4], '127.0.0.1'],
  ['fd00::7', ['IPv4'], [loopback4, loopback6], 'fd00::7'],
] as const)('bound to %s, families %s, the kubeconfig says %4$s', (bound, families, host, expected) => {
  expect(localAddress(bound, families, host)).toBe(expected)
})

test('advertiseAddress() is of the primary family and not the loopback', () => {
  expect(advertiseAddress('IPv4', [loopback4, lan4], '172.20.0.1')).toBe('192.0.2.7')
  expect(advertiseAddress('IPv6', [loopback6, lan4], 'fd00::1')).toBe('fd00::1')
})

describe('listenError()', () => {
  const config = { securePort: 6443, ipFamilies: ['IPv4'] } as const
  const failed = (code: string) => Object.assign(new Error(code), { code })

  test('says what to do about a taken port and a missing address', () => {
    expect((listenError(failed('EADDRINUSE'), config, '::') as Error).message).toBe(
      'Cannot listen on [::]:6443: the port is taken, expected another one: --secure-port 0 takes any that is free',
    )
    expect((listenError(failed('EADDRNOTAVAIL'), config, '192.0.2.1') as Error).message).toBe(
      'Cannot listen on 192.0.2.1:6443: this host does not have that address, expected --bind-address with one that it has',
    )
  })

  test('passes on what it does not know', () => {
    const error = failed('EIO')
    expect(listenError(error, config, '::')).toBe(error)
  })
})

test.each(familyOrders.map(families => [families]))(
  'Other servers reach a cluster of %s at an address of its first family that this host has',
  families => {
    const host = [
      { family: 'IPv4', address: '127.0.0.1', isLoopback: true },
      { family: 'IPv6', address: '::1', isLoopback: true },
      { family: 'IPv4', address: '192.0.2.1', isLoopback: false },
      { family: 'IPv6', address: '2001:db8::1', isLoopback: false },
    ] as const
    const addresses = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' }
    expect(peerAddress(undefined, families, host)).toBe(addresses[families[0]!])
    expect(peerAddress('0.0.0.0', families, host)).toBe('192.0.2.1')
    expect(peerAddress('::1', families, host)).toBe('::1')
    expect(peerAddress(undefined, families, host.slice(0, 2))).toBe(
      { IPv4: '127.0.0.1', IPv6: '::1' }[families[0]!],
    )
    expect(peerAddress(undefined, families, host.slice(0, 3))).toBe('192.0.2.1')
  },
)
