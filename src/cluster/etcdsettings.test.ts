import { expect, test } from 'vitest'
import { type EtcdOptions, loadEtcd } from './etcdsettings.ts'

const store = 'etcd:http://[::1]:2379'

test('A store in etcd has upstream’s defaults', () => {
  expect(loadEtcd({ store })).toEqual({
    prefix: { local: '/registry/', remote: '/registry/' },
    compactionIntervalMs: 300_000,
  })
})

test.each([
  ['/other', '/other/'],
  ['a/b/', '/a/b/'],
])('The prefix %s is %s', (etcdPrefix, remote) => {
  expect(loadEtcd({ store, etcdPrefix }).prefix).toEqual({ local: '/registry/', remote })
})

test('Nobody compacts when the interval is 0', () => {
  expect(loadEtcd({ store, etcdCompactionIntervalMs: 0 }).compactionIntervalMs).toBe(0)
})

test.each<[EtcdOptions & { store?: string }, string]>([
  [{ etcdPrefix: '/x' }, 'Cannot use flags that begin with --etcd-: expected --store etcd:URL with them'],
  [{ store, etcdKeyFile: 'x' }, 'Cannot use one of --etcd-certfile and --etcd-keyfile: expected both'],
  [{ store, etcdPrefix: '/' }, 'Cannot use --etcd-prefix /: expected for example /registry'],
])('The settings %j are refused', (options, message) => {
  expect(() => loadEtcd(options)).toThrow(message)
})
