import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addClusterOptions, type UpFlags, withFile } from './clusteroptions.ts'

test('The flags about etcd become settings', async () => {
  const flags = [
    '--store=etcd:https://[::1]:2379',
    '--etcd-cafile=ca.pem',
    '--etcd-certfile=us.pem',
    '--etcd-keyfile=us.key',
    '--etcd-prefix=/x',
    '--etcd-compaction-interval=90s',
  ]
  const command = addClusterOptions(new Command()).parse(flags, { from: 'user' })
  expect(await withFile(command.opts<UpFlags>())).toMatchObject({
    store: 'etcd:https://[::1]:2379',
    etcdCAFile: 'ca.pem',
    etcdCertFile: 'us.pem',
    etcdKeyFile: 'us.key',
    etcdPrefix: '/x',
    etcdCompactionIntervalMs: 90_000,
  })
})
