import { expect, test } from 'vitest'
import { formatContainerdConfig } from './containerdconfig.ts'

test('everything of a node is below its own directories', () => {
  const config = formatContainerdConfig({
    root: '/state/node1/containerd',
    state: '/run/futago/0d1a7e/node1/containerd',
    socket: '/run/futago/0d1a7e/node1/containerd.sock',
    snapshotter: 'overlayfs',
    cniConfigDirectory: '/state/node1/cni',
    cniPluginDirectory: '/usr/lib/cni',
    restrictOOMScoreAdjustment: true,
  })
  expect(config.split('\n')).toEqual(
    expect.arrayContaining([
      'version = 2',
      'root = "/state/node1/containerd"',
      'state = "/run/futago/0d1a7e/node1/containerd"',
      '  address = "/run/futago/0d1a7e/node1/containerd.sock"',
      '  sandbox_image = "localhost/futago-pause:1"',
      '  restrict_oom_score_adj = true',
      '  netns_mounts_under_state_dir = true',
      '    snapshotter = "overlayfs"',
      '    bin_dir = "/usr/lib/cni"',
      '    conf_dir = "/state/node1/cni"',
    ]),
  )
})
