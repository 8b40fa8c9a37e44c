// Which labels a node may give itself: none by which others decide what runs where, except the few that
// kubelets have always set (upstream's pkg/kubelet/apis/well_known_labels.go).

const kubeletLabels = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
])

const isIn = (domain: string, parent: string) => domain === parent || domain.endsWith(`.${parent}`)

function isForbidden(key: string): boolean {
  const [domain, name] = key.split('/', 2) as [string, string?]
  if (name === undefined) return false
  if (isIn(domain, 'node-restriction.kubernetes.io')) return true
  if (!isIn(domain, 'kubernetes.io') && !isIn(domain, 'k8s.io')) return false
  return (
    !kubeletLabels.has(key) && !isIn(domain, 'kubelet.kubernetes.io') && !isIn(domain, 'node.kubernetes.io')
  )
}

type Labels = Readonly<Record<string, string>> | undefined

/** Those that differ and that a node may not touch, sorted. */
export function forbiddenLabels(after: Labels = {}, before: Labels = {}): string[] {
  const keys = new Set([...Object.keys(after), ...Object.keys(before)])
  return [...keys].filter(key => after[key] !== before[key] && isForbidden(key)).sort()
}
