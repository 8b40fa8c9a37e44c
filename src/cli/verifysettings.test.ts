import { expect, test } from 'vitest'
import { checks } from '../verify/index.ts'
import { parseCount, parseEgressTargets, parseIDs, settingsOf } from './verifysettings.ts'

test('Ids, counts and egress targets', () => {
  expect(parseIDs('svc-04, NODE-01,')).toEqual(['SVC-04', 'NODE-01'])
  expect(parseCount('3')).toBe(3)
  expect(() => parseCount('0')).toThrow('above 0')
  expect(parseEgressTargets('none')).toEqual([])
  expect(parseEgressTargets('192.0.2.1:80,[2001:db8::1]:80')).toEqual(['192.0.2.1:80', '[2001:db8::1]:80'])
  for (const text of ['192.0.2.1', '192.0.2.1:80,192.0.2.2:80', 'example.org:80', '2001:db8::1:80']) {
    expect(() => parseEgressTargets(text), text).toThrow('Expected none')
  }
})

test('Flags become settings; what is not said keeps its default', () => {
  expect(settingsOf({}, checks)).toMatchObject({
    profile: 'standard',
    readOnly: false,
    expect: 'auto',
    primary: undefined,
    maxNodes: 8,
    createNodePorts: true,
    createLoadBalancers: true,
    image: 'registry.k8s.io/e2e-test-images/agnhost:2.47',
    egressTargets: { IPv4: '1.1.1.1:443', IPv6: '[2606:4700:4700::1111]:443' },
    namespace: undefined,
    timeoutMs: 300_000,
  })
  const flags = { image: 'mirror.example/k8s/', egressTarget: [], nodePorts: false, namespace: 'mine' }
  expect(settingsOf(flags, checks)).toMatchObject({
    image: 'mirror.example/k8s/e2e-test-images/agnhost:2.47',
    egressTargets: undefined,
    createNodePorts: false,
    namespace: 'mine',
  })
  const target = settingsOf({ egressTarget: ['[2001:db8::1]:80'] }, checks).egressTargets
  expect(target).toEqual({ IPv6: '[2001:db8::1]:80' })
})

test('What cannot be meant is refused', () => {
  expect(() => settingsOf({ only: ['NODE-01', 'NODE-99'] }, checks)).toThrow(
    'Cannot use --only NODE-99: there is no such check',
  )
  expect(() => settingsOf({ expect: 'ipv4', primary: 'IPv6' }, checks)).toThrow('expected the same family')
})
