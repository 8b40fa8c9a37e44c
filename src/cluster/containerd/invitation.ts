// What a node on another machine is given to join: a kubeconfig with a token that is good for an hour and for
// nothing but asking for a certificate, and in that, as an extension that other programs ignore, what else
// its process has to know.
import { load } from 'js-yaml'
import type { Client } from '../../client/client.ts'
import { type Exec, ExecError } from '../../host/exec.ts'
import { canonicalAddress } from '../../ip/address.ts'
import { nthAddress } from '../../ip/cidr.ts'
import { familyOf, familyOfCIDR } from '../../ip/family.ts'
import { joinHostPort } from '../../ip/hostport.ts'
import { ConfigError } from '../config.ts'
import { formatKubeconfig } from '../kubeconfig.ts'
import type { StateDirectory } from '../statedirectory.ts'
import { createBootstrapToken } from './bootstraptoken.ts'
import type { ClusterRanges } from './freeranges.ts'
import { rangesFile } from './host.ts'
import type { NodeConfig } from './nodeconfig.ts'
import { apiServerName } from './nodecredentials.ts'
import { hostAddressesOf } from './underlay.ts'

/** Of a NodeConfig what the cluster decides; the rest is the machine's. */
export type Invitation = Pick<
  NodeConfig,
  'name' | 'addresses' | 'clientCA' | 'clusterDNS' | 'nameservers' | 'gateways' | keyof ClusterRanges
>

const extensionName = 'futago.dev/node'

export const formatInvitation = (kubeconfig: string, invitation: Invitation): string =>
  `${kubeconfig}extensions:\n- name: ${extensionName}\n  extension: ${JSON.stringify(invitation)}\n`

/** Throws ConfigError for a kubeconfig that is no invitation. */
export function parseInvitation(kubeconfig: string): Invitation {
  const { extensions } = (load(kubeconfig) ?? {}) as {
    extensions?: readonly { readonly name: string; readonly extension: Invitation }[]
  }
  const found = extensions?.find(({ name }) => name === extensionName)
  if (found) return found.extension
  throw new ConfigError(
    'Cannot join: the kubeconfig is no invitation of a node, expected one that was made by ' +
      '`futago node invite` on the machine of the cluster',
  )
}

export interface InviteOptions {
  readonly directory: StateDirectory
  readonly exec: Exec
  readonly nowMs: number
  /** As somebody who may create Secrets in kube-system. */
  readonly client: Client
  readonly name: string
  /** The node's, at which this machine reaches it; in the order of the cluster's families. */
  readonly addresses: readonly string[]
  /** The API server's. */
  readonly port: number
}

/** This machine's own address on the way to another one. */
async function addressTowards(exec: Exec, address: string): Promise<string> {
  try {
    const { stdout } = await exec.run('ip', ['-json', 'route', 'get', address])
    const [route] = JSON.parse(stdout) as { prefsrc?: string }[]
    if (route?.prefsrc) return route.prefsrc
  } catch (error) {
    if (!(error instanceof ExecError)) throw error
  }
  throw new ConfigError(`Cannot invite a node at ${address}: this machine has no route to it`)
}

function checkFamilies(addresses: readonly string[], ranges: readonly string[]): string[] {
  const canonical = addresses.map(address => canonicalAddress(address) ?? address)
  const wanted = ranges.map(familyOfCIDR).join()
  if (canonical.map(familyOf).join() === wanted) return canonical
  throw new ConfigError(
    `Cannot use --node-ip ${addresses.join(',')}: expected one address for each of ${wanted}, in this order`,
  )
}

/** The text of the kubeconfig that `futago node join` takes. Throws ConfigError. */
export async function inviteNode(options: InviteOptions): Promise<string> {
  const { directory, exec, name, nowMs, port, client } = options
  const authority = directory.read('pki', 'ca.crt')
  const saved = directory.read(rangesFile)
  if (!authority || !saved) {
    throw new ConfigError('Cannot invite a node: the cluster never ran containers on this machine')
  }
  const ranges = JSON.parse(saved) as ClusterRanges
  const addresses = checkFamilies(options.addresses, ranges.nodeIPRange)
  const gateways = await Promise.all(addresses.map(address => addressTowards(exec, address)))
  const kubeconfig = formatKubeconfig({
    name,
    server: `https://${joinHostPort(gateways[0]!, port)}`,
    serverName: apiServerName,
    authority,
    token: await createBootstrapToken(client, { node: name, nowMs }),
  })
  return formatInvitation(kubeconfig, {
    name,
    addresses,
    gateways,
    clientCA: authority,
    clusterDNS: ranges.serviceClusterIPRange.map(range => nthAddress(range, 10n)),
    nameservers: hostAddressesOf(ranges),
    ...ranges,
  })
}
