// What tests of the real network need of the machine. Without it they are skipped, with the reason told; with
// NO_SKIP=1, as in CI, that is a failure.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const pluginFolder = '/usr/lib/cni'
const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  bridge: 'containernetworking-plugins',
  portmap: 'containernetworking-plugins',
  tuning: 'containernetworking-plugins',
  iptables: 'iptables',
  ping: 'iputils-ping',
  dig: 'dnsutils',
  'host-local': 'containernetworking-plugins',
  sysctl: 'procps',
  conntrack: 'conntrack',
  unshare: 'util-linux',
  mount: 'mount',
  ctr: 'containerd',
  busybox: 'busybox-static',
  etcd: 'etcd-server',
}

const isThere = (program: string) =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', pluginFolder].some(folder =>
    existsSync(join(folder, program)),
  )

/** Undefined when everything is there: root, and these programs. */
export function whyNot(programs: readonly string[]): string | undefined {
  const missing = programs.filter(program => !isThere(program))
  const reasons = [
    ...(process.getuid?.() === 0 ? [] : ['it needs root']),
    ...missing.map(program => `it needs ${program} (package ${packages[program] ?? program})`),
  ]
  if (reasons.length === 0) return undefined
  if (process.env['NO_SKIP']) throw new Error(`Cannot run the tests: ${reasons.join(', ')}`)
  return reasons.join(', ')
}
