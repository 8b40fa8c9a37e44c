// What a kubelet refuses before it starts anything: a Pod that was bound to the node past the scheduler, and
// whose ports are taken there (upstream pkg/kubelet/lifecycle/predicate.go).
import type { ContainerPort, Pod } from '../api/generated/types.ts'
import { unspecifiedAddress } from '../ip/family.ts'

export interface Rejection {
  readonly reason: string
  readonly message: string
}

function hostPortsOf({ spec }: Pod): ContainerPort[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...(spec?.containers ?? []), ...sidecars].flatMap(({ ports = [] }) =>
    ports.filter(({ hostPort }) => hostPort),
  )
}

const everyAddress: ReadonlySet<string> = new Set(['', ...Object.values(unspecifiedAddress)])

function collide(a: ContainerPort, b: ContainerPort): boolean {
  const { hostIP: first = '', protocol = 'TCP' } = a
  const { hostIP: second = '', protocol: other = 'TCP' } = b
  const isSameAddress = first === second || everyAddress.has(first) || everyAddress.has(second)
  return a.hostPort === b.hostPort && protocol === other && isSameAddress
}

/** Undefined for a Pod that may start beside those that were let in before. */
export function rejectionOf(pod: Pod, admitted: () => readonly Pod[]): Rejection | undefined {
  const wanted = hostPortsOf(pod)
  if (wanted.length === 0) return undefined
  const taken = admitted().flatMap(hostPortsOf)
  if (!wanted.some(port => taken.some(other => collide(port, other)))) return undefined
  const why = "node(s) didn't have free ports for the requested pod ports"
  return { reason: 'NodePorts', message: `Predicate NodePorts failed: ${why}` }
}
