// NamespaceLifecycle: nothing is created in a namespace that does not exist or is being deleted, and the
// namespaces that a cluster cannot do without are never deleted. Follows upstream's
// plugin/namespace/lifecycle.
import type { Namespace } from '../../api/generated/types.ts'
import { forbidden, StatusError } from '../../api/status.ts'
import type { RegistryLookup } from '../registry/registry.ts'
import { type AdmissionAttributes, type AdmissionPluginFactory, refusal } from './admission.ts'

const immortal = new Set(['default', 'kube-system', 'kube-public'])
const isNamespace = ({ resource }: AdmissionAttributes) =>
  resource.group === '' && resource.resource === 'namespaces'
/** They tell nothing about the namespace. */
const isAccessReview = ({ resource }: AdmissionAttributes) =>
  resource.group === 'authorization.k8s.io' && resource.resource === 'localsubjectaccessreviews'

export const namespaceLifecyclePlugin: AdmissionPluginFactory = ({ lookup }) => ({
  name: 'NamespaceLifecycle',
  admit(attributes) {
    const { operation, resource, name, namespace } = attributes
    if (isNamespace(attributes)) {
      if (operation === 'DELETE' && immortal.has(name)) {
        throw forbidden(resource, name, 'this namespace may not be deleted')
      }
      return undefined
    }
    if (operation !== 'CREATE' || namespace === '' || isAccessReview(attributes)) return undefined
    return checkNamespace(lookup, attributes)
  },
})

async function checkNamespace(lookup: RegistryLookup, attributes: AdmissionAttributes): Promise<void> {
  const { namespace, context } = attributes
  const namespaces = lookup('', 'v1', 'namespaces')
  if (!namespaces) return
  const found = (await namespaces.get(context, '', namespace)).object as Namespace
  if (found.status?.phase !== 'Terminating') return
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const { code, reason, message, details } = refusal(attributes, why)
  throw new StatusError({
    code,
    reason,
    message,
    details: {
      ...details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  })
}
