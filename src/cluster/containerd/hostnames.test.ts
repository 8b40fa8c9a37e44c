import { expect, test } from 'vitest'
import { hostNames, nodeNames } from './hostnames.ts'

test('names carry a hash of the directory and fit where they must', () => {
  const names = hostNames('/home/me/.futago/default')
  expect(names).toEqual({
    hash: '0d1a7e',
    runDirectory: '/run/futago/0d1a7e',
    underlay: '/run/futago/0d1a7e/underlay',
    link: 'futago-0d1a7e',
    table: 'futago-0d1a7e',
    cgroup: '/futago/0d1a7e',
  })
  expect(names.link.length).toBeLessThanOrEqual(15)
  expect(hostNames('/home/you/.futago/default').hash).not.toBe(names.hash)
})

test('a node has its things below those of its cluster', () => {
  const names = nodeNames(hostNames('/home/me/.futago/default'), '/home/me/.futago/default', 'node1')
  expect(names).toEqual({
    directory: '/home/me/.futago/default/nodes/node1',
    init: '/home/me/.futago/default/nodes/node1/init',
    runDirectory: '/run/futago/0d1a7e/node1',
    containerdSocket: '/run/futago/0d1a7e/node1/containerd.sock',
    cgroup: '/futago/0d1a7e/node1',
  })
})
