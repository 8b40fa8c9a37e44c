// Where the API server listens and how it is reached from this host, on hosts with and without IPv6.
import { networkInterfaces } from 'node:os'
import {
  formatFamilies,
  type IPFamilies,
  type IPFamily,
  loopbackAddress,
  unspecifiedAddress,
} from '../ip/family.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { type ClusterConfig, ConfigError } from './config.ts'

/** An address of this host. */
export interface HostAddress {
  readonly family: IPFamily
  readonly address: string
  /** Only this host reaches it. */
  readonly isLoopback: boolean
}

/** The addresses of this host that other programs can use: no link-local ones, which need a zone. */
export function hostAddresses(): HostAddress[] {
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(({ address }) => !address.startsWith('fe80:'))
    .map(({ family, address, internal }) => ({ family: family as IPFamily, address, isLoopback: internal }))
}

export const isUnspecified = (address: string) => Object.values(unspecifiedAddress).includes(address)

/**
 * The address in the kubeconfig: what was bound, or the loopback of the first family that this host has.
 */
export function localAddress(bound: string, families: IPFamilies, host: readonly HostAddress[]): string {
  if (!isUnspecified(bound)) return bound
  const reachable = (family: IPFamily) =>
    (bound === unspecifiedAddress.IPv6 || bound === unspecifiedAddress[family]) &&
    host.some(known => known.family === family && known.isLoopback)
  const family = [...families, 'IPv4' as const].find(reachable) ?? 'IPv4'
  return loopbackAddress[family]
}

/** Where nodes reach the server: an address of the primary family that is not this host's alone. */
export function advertiseAddress(family: IPFamily, host: readonly HostAddress[], fallback: string): string {
  return host.find(known => known.family === family && !known.isLoopback)?.address ?? fallback
}

/** Where other servers of the cluster reach this one: not at this host's alone, if it has another one. */
export function peerAddress(
  bound: string | undefined,
  families: IPFamilies,
  host: readonly HostAddress[],
): string {
  const listening = bound ?? unspecifiedAddress.IPv6
  if (!isUnspecified(listening)) return listening
  const usable = host.filter(
    ({ family, isLoopback }) =>
      !isLoopback && [unspecifiedAddress.IPv6, unspecifiedAddress[family]].includes(listening),
  )
  const found =
    families.map(family => usable.find(known => known.family === family)).find(Boolean) ?? usable[0]
  return found?.address ?? localAddress(listening, families, host)
}

/** Node's error of a failed listen, as one line that says what to do. */
export function listenError(
  error: unknown,
  config: Pick<ClusterConfig, 'securePort' | 'ipFamilies'>,
  address: string,
) {
  const { code } = error as NodeJS.ErrnoException
  const where = joinHostPort(address, config.securePort)
  const messages: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken, expected another one: --secure-port 0 takes any that is free',
    EACCES: 'this user may not use that port, expected one above 1023',
    EADDRNOTAVAIL: 'this host does not have that address, expected --bind-address with one that it has',
    EAFNOSUPPORT: `this host has no such addresses (families of the cluster: ${formatFamilies(config.ipFamilies)}), expected --bind-address ${unspecifiedAddress.IPv4}`,
    ENOTFOUND: 'that is no address, expected for example --bind-address ::1',
  }
  const why = messages[code ?? '']
  return why ? new ConfigError(`Cannot listen on ${where}: ${why}`) : error
}
