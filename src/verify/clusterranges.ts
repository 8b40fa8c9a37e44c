// The range out of which nodes get theirs: no object of the API says it. Where the controller manager runs as
// a Pod its flags do; else only the smallest range that holds all that was given is known.
import type { Node, Pod } from '../api/generated/types.ts'
import { type CIDR, parseCIDR } from '../ip/cidr.ts'
import type { IPFamily } from '../ip/family.ts'
import { podCIDRsOf } from './nodefacts.ts'
import { commonRange } from './ranges.ts'

export interface ClusterRange {
  readonly cidr: CIDR
  /** From a flag; else it may well be larger. */
  readonly isKnown: boolean
  readonly source: string
}

const isControllerManager = ({ metadata }: Pod) =>
  metadata.labels?.component === 'kube-controller-manager' ||
  metadata.labels?.['k8s-app'] === 'kube-controller-manager'

/** The value of `--name=value` or `--name value` in a container's command line. */
export function flagOf(pod: Pod, name: string): string | undefined {
  const words = (pod.spec?.containers ?? []).flatMap(({ command = [], args = [] }) => [...command, ...args])
  const at = words.findIndex(word => word === name || word.startsWith(`${name}=`))
  if (at < 0) return undefined
  return words[at] === name ? words[at + 1] : words[at]!.slice(name.length + 1)
}

/** The CIDRs of nodes, of the family. */
export const nodeRanges = (nodes: readonly Node[], family: IPFamily): readonly CIDR[] =>
  nodes
    .flatMap(podCIDRsOf)
    .flatMap(text => parseCIDR(text) ?? [])
    .filter(cidr => cidr.family === family)

export function findClusterRange(
  seen: { readonly nodes: readonly Node[]; readonly pods: readonly Pod[] },
  family: IPFamily,
): ClusterRange | undefined {
  for (const pod of seen.pods.filter(isControllerManager)) {
    const cidrs = (flagOf(pod, '--cluster-cidr') ?? '')
      .split(',')
      .flatMap(text => parseCIDR(text.trim()) ?? [])
    const cidr = cidrs.find(candidate => candidate.family === family)
    if (cidr) return { cidr, isKnown: true, source: `--cluster-cidr of ${pod.metadata.name}` }
  }
  const cidr = commonRange(nodeRanges(seen.nodes, family))
  return cidr && { cidr, isKnown: false, source: 'inferred from the nodes: it may be larger' }
}
