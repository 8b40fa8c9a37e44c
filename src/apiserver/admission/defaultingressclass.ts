// DefaultIngressClass: an Ingress that names no class gets the one that is marked as default. Follows
// upstream's plugin/pkg/admission/network/defaultingressclass.
import type { Ingress, IngressClass } from '../../api/generated/types.ts'
import type { AdmissionAttributes, AdmissionPluginFactory, AdmissionServices } from './admission.ts'

const isDefault = ({ metadata }: IngressClass) =>
  metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true'
/** How the class was named before there was a field. */
const olderAnnotation = 'kubernetes.io/ingress.class'

export const defaultIngressClassPlugin: AdmissionPluginFactory = services => ({
  name: 'DefaultIngressClass',
  admit(attributes) {
    const { resource, subresource, operation, object } = attributes
    const isIngress = resource.group === 'networking.k8s.io' && resource.resource === 'ingresses'
    if (!isIngress || subresource !== '' || operation !== 'CREATE') return undefined
    const { spec, metadata } = object as Ingress
    if (spec?.ingressClassName !== undefined || metadata.annotations?.[olderAnnotation] !== undefined) {
      return undefined
    }
    return admitIngress(services, attributes)
  },
})

async function admitIngress({ lookup }: AdmissionServices, attributes: AdmissionAttributes): Promise<void> {
  const list = await lookup('networking.k8s.io', 'v1', 'ingressclasses')?.list(attributes.context, {})
  const defaults = (list?.items ?? []).map(({ object }) => object as IngressClass).filter(isDefault)
  const [newest] = defaults.sort(byAge)
  if (!newest) return
  const ingress = attributes.object as Ingress
  if (ingress.spec) ingress.spec.ingressClassName = newest.metadata.name!
}

/** The newest first; of the same age the first by name. */
function byAge(a: IngressClass, b: IngressClass): number {
  const [ageOfA, ageOfB] = [a, b].map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? ''))
  return ageOfB! - ageOfA! || (a.metadata.name! < b.metadata.name! ? -1 : 1)
}
