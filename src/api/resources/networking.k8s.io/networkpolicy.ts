// NetworkPolicy: which traffic Pods take and send.
import type { NetworkPolicy } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { formatSelector, nameColumn } from '../columns.ts'

function defaultPolicy(policy: NetworkPolicy): void {
  policy.spec ??= {}
  const { spec } = policy
  const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])]
  for (const rule of rules) {
    for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
  }
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']
}

export const networkPolicies = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
  shortNames: ['netpol'],
  namespaced: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Pod-Selector', policy => formatSelector(policy.spec?.podSelector)),
    ageColumn,
  ],
  default: defaultPolicy,
})
