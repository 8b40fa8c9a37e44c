// DefaultIPFamilyPolicy: a Service that says nothing about families gets the policy that the administrator
// chose for the cluster. Upstream has no such plugin and points to webhooks (kubernetes/kubernetes#123810):
// charts rarely let people set the field.
import type { Service } from '../../api/generated/types.ts'
import type { AdmissionPluginFactory } from './admission.ts'

/** Whether the Service leaves its families to the cluster. */
function saysNothing({ spec }: Service): boolean {
  if (!spec || spec.type === 'ExternalName') return false
  const { ipFamilyPolicy, ipFamilies, clusterIP, clusterIPs, selector } = spec
  const asked = clusterIP || clusterIPs?.[0]
  // A headless Service without a selector has both families on every cluster.
  const isOpen = asked === undefined || (asked === 'None' && Object.keys(selector ?? {}).length > 0)
  return !ipFamilyPolicy && !ipFamilies?.length && isOpen
}

export const defaultIPFamilyPolicyPlugin: AdmissionPluginFactory = ({ defaultIPFamilyPolicy }) => ({
  name: 'DefaultIPFamilyPolicy',
  admit({ resource, subresource, operation, object }) {
    if (!defaultIPFamilyPolicy) return undefined
    const isService = resource.group === '' && resource.resource === 'services' && subresource === ''
    if (!isService || operation !== 'CREATE') return undefined
    const service = object as Service
    if (saysNothing(service)) service.spec!.ipFamilyPolicy = defaultIPFamilyPolicy
    return undefined
  },
})
