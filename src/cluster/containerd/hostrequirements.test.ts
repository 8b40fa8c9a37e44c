import { describe, expect, test } from 'vitest'
import { FakeExec } from '../../host/exec.fake.ts'
import { findObstacle, findPluginDirectory, type HostFacts } from './hostrequirements.ts'

const facts = (changes: Partial<HostFacts> = {}): HostFacts => ({
  platform: 'linux',
  architecture: 'x64',
  userId: 0,
  stateDirectory: '/root/.futago/default',
  exec: new FakeExec(),
  fileExists: path => path.startsWith('/usr/lib/cni/'),
  ...changes,
})

describe('a host', () => {
  test('with everything has no obstacle', async () => {
    expect(await findObstacle(facts())).toBeUndefined()
  })

  test.each([
    [{ platform: 'darwin' }, 'this host is darwin, expected Linux'],
    [{ architecture: 'ia32' }, 'this host is ia32, expected x64 or arm64'],
    [
      { stateDirectory: '/srv/a,b/default' },
      'containers cannot be kept in /srv/a,b/default, expected FUTAGO_HOME without comma, colon or backslash',
    ],
    [{ userId: 1000 }, 'it needs root, expected for example: sudo futago up'],
  ])('with %o cannot run Pods', async (changes, obstacle) => {
    expect(await findObstacle(facts(changes))).toBe(obstacle)
  })

  test('that lacks programs and plugins is told the packages, each once', async () => {
    const exec = new FakeExec({ sh: () => 'containerd\nctr\nnft\n' })
    expect(await findObstacle(facts({ exec, fileExists: () => false }))).toBe(
      'this host lacks containerd, ctr, nft and the CNI plugins bridge, host-local, loopback and portmap ' +
        'in /usr/lib/cni or /opt/cni/bin, expected on Debian: ' +
        'apt-get install containerd nftables containernetworking-plugins',
    )
  })

  test('whose kernel refuses is told what it said', async () => {
    const exec = new FakeExec({
      unshare: () => ({ exitCode: 2, stderr: 'Error: Unknown device type.\n' }),
    })
    expect(await findObstacle(facts({ exec }))).toBe(
      'the kernel refuses what a node needs (Error: Unknown device type.), ' +
        'expected namespaces, bridge, veth and nftables',
    )
  })
})

test('plugins are taken from the first directory that has them all', () => {
  expect(findPluginDirectory(path => path.startsWith('/opt/cni/bin/'))).toBe('/opt/cni/bin')
  expect(findPluginDirectory(path => path.endsWith('/bridge'))).toBeUndefined()
})
