// Everything else below the cluster's domain: names that only hold others exist and are empty, the rest does
// not exist. Nothing of it is ever asked outside.
import { type DNSContext, type DNSPlugin, labelsBelow, noData, noSuchName } from '../plugin.ts'

function holdsOthers(labels: readonly string[], { namespaces }: DNSContext): boolean {
  const [first = '', second = ''] = labels
  if (labels.length === 1) return first === 'svc' || first === 'pod'
  return labels.length === 2 && (second === 'svc' || second === 'pod') && namespaces.get(first) !== undefined
}

export const zonePlugin: DNSPlugin = {
  name: 'zone',
  answer({ name }, context) {
    const labels = labelsBelow(name, context.domain)
    if (!labels) return undefined
    return holdsOthers(labels, context) ? noData(context.domain) : noSuchName(context.domain)
  },
}
