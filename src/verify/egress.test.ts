import { expect, test } from 'vitest'
import { egressTargets } from './egress.ts'
import { defaultSettings } from './settings.ts'

test('Targets are addresses and ports, and those of nobody in particular are known as such', () => {
  expect(egressTargets(defaultSettings, ['IPv6'])).toEqual([
    { family: 'IPv6', address: '2606:4700:4700::1111', port: 443, isDefault: true },
  ])
  const own = { egressTargets: { IPv4: '192.0.2.7:8080' } }
  expect(egressTargets(own, ['IPv4', 'IPv6'])).toEqual([
    { family: 'IPv4', address: '192.0.2.7', port: 8080, isDefault: false },
  ])
  expect(egressTargets({ egressTargets: undefined }, ['IPv4'])).toEqual([])
})
