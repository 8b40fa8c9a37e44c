import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { secrets } from '../../api/resources/core/secret.ts'
import { openTestServer } from '../../apiserver/apiserver.fake.ts'
import { Client } from '../../client/client.ts'
import { clientConfig, parseKubeconfig } from '../../client/kubeconfig.ts'
import { FakeClock } from '../../component/clock.ts'
import { FakeExec } from '../../host/exec.fake.ts'
import { loadConfig } from '../config.ts'
import { openPKI } from '../pki.ts'
import { StateDirectory } from '../statedirectory.ts'
import { rangesOf } from './freeranges.ts'
import { inviteNode, parseInvitation } from './invitation.ts'

const nowMs = Date.UTC(2026, 0, 1)
const sources: Record<string, string> = { '192.0.2.9': '192.0.2.1', '2001:db8::9': '2001:db8::1' }
const exec = new FakeExec({ ip: args => JSON.stringify([{ prefsrc: sources[args.at(-1)!] }]) })

function newDirectory(): StateDirectory {
  const directory = new StateDirectory(mkdtempSync(join(tmpdir(), 'futago-invitation-')), 'default')
  directory.create()
  const config = loadConfig({ ipFamilies: ['IPv6', 'IPv4'] })
  const clock = new FakeClock(nowMs)
  openPKI({ directory, serviceClusterIPRange: config.serviceClusterIPRange, ownAddresses: [], clock })
  directory.write(JSON.stringify(rangesOf(config)), 'ranges.json')
  return directory
}

async function invite(addresses: readonly string[], directory = newDirectory()) {
  const { server, close } = await openTestServer()
  const client = new Client(server.transport({ name: 'admin', groups: ['system:masters'] }))
  try {
    const text = await inviteNode({ directory, exec, nowMs, client, name: 'far', addresses, port: 6443 })
    const { items } = await client.list(secrets, { namespace: 'kube-system' })
    return { text, secrets: items }
  } finally {
    await close()
  }
}

test('an invitation has a token for an hour, and all that the process of the node must know', async () => {
  const { text, secrets: made } = await invite(['2001:db8::9', '192.0.2.9'])
  const config = await clientConfig(await parseKubeconfig(text))
  expect(config.server).toBe('https://[2001:db8::1]:6443')
  expect(config.tlsServerName).toBe('kubernetes')
  expect([config.certificate, config.key]).toEqual([undefined, undefined])
  const [id, password] = config.token!.split('.')
  expect(config.token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/)
  expect(made.map(({ metadata, type }) => [metadata.name, type])).toEqual([
    [`bootstrap-token-${id}`, 'bootstrap.kubernetes.io/token'],
  ])
  const data = Object.entries(made[0]!.data!).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString(),
  ])
  expect(Object.fromEntries(data)).toEqual({
    'token-id': id,
    'token-secret': password,
    description: 'Made by futago node invite far',
    'futago-node': 'far',
    expiration: '2026-01-01T01:00:00Z',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:futago:node',
  })
  expect(parseInvitation(text)).toMatchObject({
    name: 'far',
    addresses: ['2001:db8::9', '192.0.2.9'],
    gateways: ['2001:db8::1', '192.0.2.1'],
    clusterDNS: ['fd00:10:96::a', '10.96.0.10'],
    nameservers: ['fd00:172:20::1', '172.20.0.1'],
    clusterCIDR: ['fd00:10:244::/56', '10.244.0.0/16'],
  })
})

test('what does not fit is refused', async () => {
  await expect(invite(['192.0.2.9'])).rejects.toThrow(
    'Cannot use --node-ip 192.0.2.9: expected one address for each of IPv6,IPv4, in this order',
  )
  await expect(invite(['2001:db8::7', '192.0.2.9'])).rejects.toThrow(
    'Cannot invite a node at 2001:db8::7: this machine has no route to it',
  )
  const empty = new StateDirectory(mkdtempSync(join(tmpdir(), 'futago-invitation-')), 'default')
  await expect(invite(['2001:db8::9', '192.0.2.9'], empty)).rejects.toThrow('never ran containers')
  expect(() => parseInvitation('kind: Config\n')).toThrow('`futago node invite`')
})
