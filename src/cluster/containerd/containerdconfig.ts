// The configuration of a node's own containerd (1.6 to 2.x, which reads version 2 too): everything it keeps
// is below the node's directory, its socket and the Pods' network namespaces below the run directory.
import { pauseImage } from './pause.ts'

export interface ContainerdSettings {
  /** Kept: images and snapshots. */
  readonly root: string
  /** Gone with the node. */
  readonly state: string
  readonly socket: string
  readonly snapshotter: 'overlayfs' | 'native'
  readonly cniConfigDirectory: string
  readonly cniPluginDirectory: string
  /** Without CAP_SYS_RESOURCE no process may get a lower score than ours, which sandboxes ask for. */
  readonly restrictOOMScoreAdjustment: boolean
}

/** Snapshotters that nobody asked for only cost time and memory, and warn where their kernel part lacks. */
const unused = ['aufs', 'btrfs', 'devmapper', 'zfs'].map(name => `io.containerd.snapshotter.v1.${name}`)

const text = (value: string) => JSON.stringify(value)

export function formatContainerdConfig(settings: ContainerdSettings): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  return `version = 2
root = ${text(settings.root)}
state = ${text(settings.state)}
disabled_plugins = [${unused.map(text).join(', ')}]

[grpc]
  address = ${text(settings.socket)}

[${cri}]
  sandbox_image = ${text(pauseImage)}
  restrict_oom_score_adj = ${settings.restrictOOMScoreAdjustment}
  netns_mounts_under_state_dir = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true

  [${cri}.containerd]
    snapshotter = ${text(settings.snapshotter)}

  [${cri}.cni]
    bin_dir = ${text(settings.cniPluginDirectory)}
    conf_dir = ${text(settings.cniConfigDirectory)}
    ip_pref = "cni"

  [${cri}.registry]
    config_path = "/etc/containerd/certs.d"
`
}
