// What a cluster's things on the host are called. All names carry a short hash of the cluster's directory,
// so that they are found again without a list, never collide with another cluster's, and fit into the 15
// characters of an interface name.
import { createHash } from 'node:crypto'
import { join } from 'node:path'

/** Below it each cluster that runs containers has a directory, gone when the host starts anew. */
export const runRoot = '/run/futago'

/** Parent of all clusters' control groups. */
export const cgroupRoot = '/futago'

export interface HostNames {
  readonly hash: string
  /** Sockets and namespaces; short, since a socket's path may have 107 bytes. */
  readonly runDirectory: string
  /** Stands for the network namespace in which the nodes' bridge is. */
  readonly underlay: string
  /** The host's end of the cable to that bridge. */
  readonly link: string
  /** The nftables table in the host's namespace. */
  readonly table: string
  readonly cgroup: string
}

/** `stateDirectory` is the cluster's, an absolute path. */
export function hostNames(stateDirectory: string): HostNames {
  const hash = createHash('sha256').update(stateDirectory).digest('hex').slice(0, 6)
  const runDirectory = join(runRoot, hash)
  return {
    hash,
    runDirectory,
    underlay: join(runDirectory, 'underlay'),
    link: `futago-${hash}`,
    table: `futago-${hash}`,
    cgroup: `${cgroupRoot}/${hash}`,
  }
}

/** Where a node's containerd listens; `runDirectory` is the node's. */
export const containerdSocket = (runDirectory: string): string => join(runDirectory, 'containerd.sock')

/** What one node is called, and where it keeps its things. */
export interface NodeNames {
  /** Kept: images, volumes, logs. */
  readonly directory: string
  /** The program that holds the node's namespaces: who runs it is the node. */
  readonly init: string
  readonly runDirectory: string
  readonly containerdSocket: string
  readonly cgroup: string
}

/** `node1` for 0. */
export const nodeName = (index: number): string => `node${index + 1}`

export function nodeNames(host: HostNames, stateDirectory: string, node: string): NodeNames {
  const directory = join(stateDirectory, 'nodes', node)
  const runDirectory = join(host.runDirectory, node)
  return {
    directory,
    init: join(directory, 'init'),
    runDirectory,
    containerdSocket: containerdSocket(runDirectory),
    cgroup: `${host.cgroup}/${node}`,
  }
}
