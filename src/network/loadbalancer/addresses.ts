// The addresses of load balancers on a node's link. They are marked as not preferred: so the node never uses
// them as a source of its own, and so they are found again by a process that comes after this one.
import { type Exec, ExecError } from '../../host/exec.ts'
import { removeAddress, runIPCommands } from '../../host/link.ts'
import { writeSysctls } from '../../host/sysctl.ts'
import { parseAddress } from '../../ip/address.ts'
import { addressBits, type IPFamily } from '../../ip/family.ts'

interface AddressReport {
  readonly addr_info?: readonly {
    readonly local: string
    readonly prefixlen: number
    readonly deprecated?: boolean
  }[]
}

const familyOfAddress = (address: string): IPFamily => parseAddress(address)?.family ?? 'IPv6'
const withLength = (address: string) => `${address}/${addressBits[familyOfAddress(address)]}`

/** Those that were added by `holdAddresses`, also by an earlier process. */
export async function heldAddresses(exec: Exec, link: string): Promise<string[]> {
  const { stdout } = await exec.run('ip', ['-json', 'address', 'show', 'dev', link])
  return (JSON.parse(stdout || '[]') as AddressReport[])
    .flatMap(({ addr_info = [] }) => addr_info)
    .filter(
      ({ local, prefixlen, deprecated }) => deprecated && prefixlen === addressBits[familyOfAddress(local)],
    )
    .map(({ local }) => local)
}

/** Without a wait for others that may have them: who may has been decided. */
export async function holdAddresses(exec: Exec, link: string, addresses: readonly string[]): Promise<void> {
  if (addresses.length === 0) return
  await runIPCommands(
    exec,
    addresses.map(
      address => `address replace ${withLength(address)} dev ${link} nodad valid_lft forever preferred_lft 0`,
    ),
  )
}

export async function releaseAddress(exec: Exec, link: string, address: string): Promise<void> {
  await removeAddress(exec, link, withLength(address))
}

/** Lets the kernel tell neighbours of the link's addresses when `announceAddresses` gives the occasion. */
export async function prepareLink(exec: Exec, link: string): Promise<void> {
  const key = (family: string, name: string) => `net.${family}.conf.${link.replaceAll('.', '/')}.${name}`
  for (const setting of [key('ipv6', 'ndisc_notify'), key('ipv4', 'arp_notify')]) {
    await writeSysctls(exec, { [setting]: '1' }).catch(ignoreFailure)
  }
}

const ignoreFailure = (error: unknown) => {
  if (!(error instanceof ExecError)) throw error
}

/**
 * Tells neighbours that the link's addresses are here now (gratuitous ARP, unsolicited neighbour
 * advertisements). The kernel does it for all of them when the link is given the address that it has.
 */
export async function announceAddresses(exec: Exec, link: string): Promise<void> {
  const { stdout } = await exec.run('ip', ['-json', 'link', 'show', 'dev', link])
  const [report] = JSON.parse(stdout || '[]') as { readonly address?: string }[]
  if (report?.address) {
    await exec.run('ip', ['link', 'set', 'dev', link, 'address', report.address]).catch(ignoreFailure)
  }
}
