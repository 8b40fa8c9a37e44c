import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addClusterOptions, type UpFlags, withFile } from './clusteroptions.ts'

const parse = (...flags: string[]) =>
  withFile(addClusterOptions(new Command()).parse(flags, { from: 'user' }).opts<UpFlags>())

test('Flags become settings', async () => {
  const flags = ['--ip-families', 'IPv6,IPv4', '--nodes', '3', '--cluster-cidr', 'fd00:1::/56,10.1.0.0/16']
  expect(await parse(...flags, '--image', 'a.tar', '--image', 'b.tar')).toMatchObject({
    name: 'default',
    ipFamilies: ['IPv6', 'IPv4'],
    nodes: 3,
    clusterCIDR: ['fd00:1::/56', '10.1.0.0/16'],
    images: ['a.tar', 'b.tar'],
  })
})

test('What the servers of one cluster share, and how long they wait for each other', async () => {
  expect(await parse('--cert-dir', '/keys', '--leader-elect-lease-duration', '1m')).toMatchObject({
    certDir: '/keys',
    leaderElectLeaseDurationMs: 60_000,
  })
  expect(await parse()).not.toHaveProperty('leaderElectLeaseDurationMs')
})

test('Flags win over the settings of a file', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'futago-flags-')), 'settings.yaml')
  writeFileSync(file, 'nodes: 5\nsecurePort: 7443\n')
  expect(await parse('--config', file, '--nodes', '2')).toMatchObject({ nodes: 2, securePort: 7443 })
})
