// How API servers of one cluster tell each other which of them simulates a node: by an annotation, since no
// network leads to such a node's addresses.
import type { Node } from '../api/generated/types.ts'
import { canonicalAddress } from '../ip/address.ts'
import { joinHostPort, splitHostPort } from '../ip/hostport.ts'

/** Names the API server, `[2001:db8::1]:6443`, in whose process the node is. */
export const servedByAnnotation = 'futago.dev/served-by'

/**
 * That server's proxy to the node, as host, port and path; undefined for a node with an address of its own.
 * Nothing but an address and a port is read: who may annotate a node only says whom to ask about that node.
 */
export function proxyOf({ metadata }: Node): string | undefined {
  const { host = '', port = '' } = splitHostPort(metadata.annotations?.[servedByAnnotation] ?? '') ?? {}
  const address = canonicalAddress(host)
  if (!address || !/^\d{1,5}$/.test(port)) return undefined
  return `${joinHostPort(address, port)}/api/v1/nodes/${encodeURIComponent(metadata.name ?? '')}/proxy`
}
