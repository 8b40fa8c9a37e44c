// Network links and their addresses, through iproute2: several changes are one `ip -batch`, and every change
// may be made again.
import { type Exec, ExecError } from './exec.ts'

export interface Link {
  readonly name: string
  readonly mtu: number
  readonly isUp: boolean
  /** `bridge`, `veth` ...; absent: a device. */
  readonly kind?: string
  /** The bridge it is a port of. */
  readonly master?: string
  /** `192.0.2.1/24`, `2001:db8::1/64`, of both families, link-local ones among them. */
  readonly addresses: readonly string[]
}

interface LinkReport {
  readonly ifname: string
  readonly mtu: number
  readonly flags: readonly string[]
  readonly master?: string
  readonly linkinfo?: { readonly info_kind?: string }
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number }[]
}

/** All links of the namespace that `exec` is in. */
export async function listLinks(exec: Exec): Promise<Link[]> {
  const { stdout } = await exec.run('ip', ['-json', '-details', 'address', 'show'])
  const reports = JSON.parse(stdout || '[]') as LinkReport[]
  return reports
    .filter(report => report.ifname !== undefined)
    .map(({ ifname, mtu, flags, master, linkinfo, addr_info = [] }) => ({
      name: ifname,
      mtu,
      isUp: flags.includes('UP'),
      ...(linkinfo?.info_kind ? { kind: linkinfo.info_kind } : {}),
      ...(master ? { master } : {}),
      addresses: addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    }))
}

/**
 * Runs commands of ip(8), each a line such as `link set br0 up`, in one process. The first that fails ends
 * it, and ExecError has its number.
 */
export async function runIPCommands(exec: Exec, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  await exec.run('ip', ['-batch', '-'], { input: lines.map(line => `${line}\n`).join('') })
}

const isGone = (error: unknown) =>
  error instanceof ExecError && /Cannot find device|does not exist|Cannot assign/.test(error.stderr)

async function unlessGone(running: Promise<unknown>): Promise<void> {
  try {
    await running
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

/** Removes a link, and with one end of a veth the other; nothing happens when there is none. */
export async function removeLink(exec: Exec, name: string): Promise<void> {
  await unlessGone(exec.run('ip', ['link', 'delete', name]))
}

/**
 * The commands that give a link an address at once: IPv6 does not first wait for others that may have it
 * (for IPv4 ip(8) ignores the word).
 */
export const addressCommand = (link: string, cidr: string): string =>
  `address replace ${cidr} dev ${link} nodad`

/** Gives a link an address `192.0.2.1/24`; it may have it already. */
export async function addAddress(exec: Exec, link: string, cidr: string): Promise<void> {
  await runIPCommands(exec, [addressCommand(link, cidr)])
}

/** Takes an address from a link; it may be gone already, or the link. */
export async function removeAddress(exec: Exec, link: string, cidr: string): Promise<void> {
  await unlessGone(exec.run('ip', ['address', 'delete', cidr, 'dev', link]))
}
