// Which nodes get probes: a bounded number, spread over zones and over the order of the list, so that a run
// costs the same on a thousand nodes as on ten. And what kind of nodes they are.
import type { Node } from '../api/generated/types.ts'
import type { Simulation } from './inventory.ts'

const zoneLabels = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone']

const isReady = ({ status }: Node) =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

const zoneOf = ({ metadata }: Node) =>
  zoneLabels.map(label => metadata.labels?.[label]).find(zone => zone !== undefined) ?? ''

const runsLinux = ({ metadata }: Node) => (metadata.labels?.['kubernetes.io/os'] ?? 'linux') === 'linux'

/** Evenly spread over the list. */
function spread<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list]
  const step = list.length / count
  return Array.from({ length: count }, (_, index) => list[Math.floor(index * step)]!)
}

export const isSimulated = (node: Node): boolean => kindOf(node) !== undefined

function kindOf({ metadata, status }: Node): 'futago' | 'kwok' | undefined {
  if (metadata.annotations?.['kwok.x-k8s.io/node'] !== undefined) return 'kwok'
  const runtime = status?.nodeInfo?.containerRuntimeVersion ?? ''
  if (runtime.startsWith('kwok')) return 'kwok'
  return runtime.startsWith('simulated://') ? 'futago' : undefined
}

/** Ready Linux nodes that take Pods, real ones before simulated ones, at most `count`, each zone in turn. */
export function sampleNodes(nodes: readonly Node[], count: number): Node[] {
  const usable = nodes.filter(node => isReady(node) && !node.spec?.unschedulable && runsLinux(node))
  const real = usable.filter(node => !isSimulated(node))
  const zones = new Map<string, Node[]>()
  for (const node of real.length > 0 ? real : usable) {
    zones.set(zoneOf(node), [...(zones.get(zoneOf(node)) ?? []), node])
  }
  const lists = [...zones.values()].map(list => spread(list, count))
  const chosen: Node[] = []
  for (let turn = 0; chosen.length < count && lists.some(list => turn < list.length); turn++) {
    for (const list of lists) if (list[turn] && chosen.length < count) chosen.push(list[turn]!)
  }
  return chosen
}

export function simulationOf(nodes: readonly Node[]): Simulation {
  const first = nodes[0]
  const kind = first && kindOf(first)
  if (!first || !kind) return { carries: true, runsPods: true, evidence: runtimesOf(nodes) }
  return { carries: false, runsPods: kind === 'futago', evidence: `${kind}: ${runtimesOf(nodes)}` }
}

const runtimesOf = (nodes: readonly Node[]) =>
  [...new Set(nodes.map(({ status }) => status?.nodeInfo?.containerRuntimeVersion ?? 'unknown'))].join(', ')
