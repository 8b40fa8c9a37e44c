// What a host needs to run real Pods, and which Debian package brings it. Asked before anything is made.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Exec, ExecError } from '../../host/exec.ts'

export interface HostFacts {
  /** As Node says: `linux`. */
  readonly platform: string
  readonly architecture: string
  readonly userId: number
  /** Where the cluster's files are, images and containers among them. */
  readonly stateDirectory: string
  readonly exec: Exec
  readonly fileExists: (path: string) => boolean
}

/** Programs -> Debian packages. */
const programs: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  ip: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  iptables: 'iptables',
  ip6tables: 'iptables',
  sysctl: 'procps',
  mount: 'mount',
  nsenter: 'util-linux',
  unshare: 'util-linux',
}

const plugins = ['bridge', 'host-local', 'loopback', 'portmap']

/** Debian's, and where upstream's releases are unpacked. */
const pluginDirectories = ['/usr/lib/cni', '/opt/cni/bin']

/** What every node does with the kernel, tried in a network namespace that is gone at once. */
const kernelTrial =
  'ip link add name br0 type bridge && ip link add name v0 type veth peer name v1 && nft add table inet t'

/** Where the standard CNI plugins are. */
export function findPluginDirectory(fileExists: HostFacts['fileExists'] = existsSync): string | undefined {
  return pluginDirectories.find(directory => plugins.every(plugin => fileExists(join(directory, plugin))))
}

const listText = (items: readonly string[]) =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`

/** Looks for them as a shell would, all in one process. */
async function missingPrograms(exec: Exec): Promise<string[]> {
  const script = 'for p in "$@"; do command -v "$p" >/dev/null || echo "$p"; done'
  const { stdout } = await exec.run('sh', ['-c', script, 'sh', ...Object.keys(programs)])
  return stdout.split('\n').filter(Boolean)
}

async function kernelProblem(exec: Exec): Promise<string | undefined> {
  try {
    await exec.run('unshare', ['--net', '--mount', '--pid', '--fork', '--', 'sh', '-c', kernelTrial])
    return undefined
  } catch (error) {
    if (!(error instanceof ExecError)) throw error
    return error.stderr.trim().split('\n').at(-1) || error.message
  }
}

/**
 * Why real Pods cannot run here, as the end of a sentence that begins with "Cannot ...:", with what to do;
 * undefined when they can.
 */
export async function findObstacle(facts: HostFacts): Promise<string | undefined> {
  const { platform, architecture, userId, stateDirectory, exec, fileExists } = facts
  if (platform !== 'linux') return `this host is ${platform}, expected Linux`
  if (!['x64', 'arm64'].includes(architecture)) return `this host is ${architecture}, expected x64 or arm64`
  if (userId !== 0) return 'it needs root, expected for example: sudo futago up'
  // They part the options of an overlay mount and the folders in one.
  if (/[,:\\]/.test(stateDirectory)) {
    const expected = 'expected FUTAGO_HOME without comma, colon or backslash'
    return `containers cannot be kept in ${stateDirectory}, ${expected}`
  }
  const missing = await missingPrograms(exec)
  const packages = missing.map(program => programs[program]!)
  if (!findPluginDirectory(fileExists)) {
    missing.push(`the CNI plugins ${listText(plugins)} in ${pluginDirectories.join(' or ')}`)
    packages.push('containernetworking-plugins')
  }
  if (missing.length > 0) {
    const install = `apt-get install ${[...new Set(packages)].join(' ')}`
    return `this host lacks ${listText(missing)}, expected on Debian: ${install}`
  }
  const problem = await kernelProblem(exec)
  return problem
    ? `the kernel refuses what a node needs (${problem}), expected namespaces, bridge, veth and nftables`
    : undefined
}

/** The facts of the host that this process runs on. */
export const hostFacts = (exec: Exec, stateDirectory: string): HostFacts => ({
  platform: process.platform,
  architecture: process.arch,
  userId: process.getuid?.() ?? -1,
  stateDirectory,
  exec,
  fileExists: existsSync,
})
