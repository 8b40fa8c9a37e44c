// ServiceAccount: a Pod has a ServiceAccount that exists, its image pull secrets, and a volume with the
// account's token in every container. Follows upstream's plugin/pkg/admission/serviceaccount with bound
// tokens (KEP-1205).
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../api/generated/types.ts'
import { isNotFound } from '../../api/status.ts'
import { generateName } from '../registry/generatename.ts'
import {
  type AdmissionAttributes,
  type AdmissionPluginFactory,
  type AdmissionServices,
  isPodRequest,
  refusal,
} from './admission.ts'

const volumePrefix = 'kube-api-access-'
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const mirrorAnnotation = 'kubernetes.io/config.mirror'
/** A controller makes a new namespace's `default` account; a Pod that comes right after it waits. */
const defaultAccountWaitMs = 1_500
const defaultAccountPollMs = 25

export const serviceAccountPlugin: AdmissionPluginFactory = services => ({
  name: 'ServiceAccount',
  admit(attributes) {
    if (attributes.operation !== 'CREATE' || !isPodRequest(attributes)) return undefined
    const pod = attributes.object as Pod
    if (!pod.spec) return undefined
    if (pod.metadata?.annotations?.[mirrorAnnotation] !== undefined) return checkMirrorPod(attributes)
    return admitPod(services, { attributes, pod, spec: pod.spec })
  },
})

/** Mirror pods show what a kubelet runs of its own accord: nothing is added to them. */
function checkMirrorPod(attributes: AdmissionAttributes): undefined {
  const { spec } = attributes.object as Pod
  if (spec?.serviceAccountName) {
    throw refusal(attributes, 'a mirror pod may not reference service accounts')
  }
  if (spec?.volumes?.some(({ secret }) => secret)) {
    throw refusal(attributes, 'a mirror pod may not reference secrets')
  }
  if (
    spec?.volumes?.some(({ projected }) => projected?.sources?.some(source => source.serviceAccountToken))
  ) {
    throw refusal(attributes, 'a mirror pod may not use ServiceAccountToken volume projections')
  }
  return undefined
}

interface Admitting {
  readonly attributes: AdmissionAttributes
  readonly pod: Pod
  readonly spec: PodSpec
}

async function admitPod(services: AdmissionServices, { attributes, pod, spec }: Admitting): Promise<void> {
  const name = spec.serviceAccountName || 'default'
  const account = await findAccount(services, attributes, name)
  if (!account) {
    const where = `${attributes.namespace}/${name}`
    throw refusal(
      attributes,
      `error looking up service account ${where}: serviceaccount ${JSON.stringify(name)} not found`,
    )
  }
  spec.serviceAccountName = name
  // The field's old name; both are always shown.
  spec.serviceAccount = name
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod, spec)
  if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
    spec.imagePullSecrets = account.imagePullSecrets.map(secret => ({ ...secret }))
  }
}

async function findAccount(
  { lookup, clock }: AdmissionServices,
  { context, namespace }: AdmissionAttributes,
  name: string,
): Promise<ServiceAccount | undefined> {
  const accounts = lookup('', 'v1', 'serviceaccounts')
  if (!accounts) return {} as ServiceAccount
  const end = clock.monotonic() + (name === 'default' ? defaultAccountWaitMs : 0)
  for (;;) {
    try {
      return (await accounts.get(context, namespace, name)).object as ServiceAccount
    } catch (error) {
      if (!isNotFound(error)) throw error
      if (clock.monotonic() >= end) return undefined
    }
    await clock.sleep(defaultAccountPollMs, context.signal)
  }
}

function mountToken(pod: Pod, spec: PodSpec): void {
  const own = spec.volumes?.find(volume => volume.name.startsWith(volumePrefix))
  const name = own?.name ?? generateName(volumePrefix)
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  const wanting = containers.filter(container => !mountsToken(container))
  for (const container of wanting) {
    const mount = { name, readOnly: true, mountPath }
    container.volumeMounts = [...(container.volumeMounts ?? []), mount]
  }
  if (!own && wanting.length > 0) pod.spec!.volumes = [...(spec.volumes ?? []), tokenVolume(name)]
}

const mountsToken = ({ volumeMounts = [] }: Container) =>
  volumeMounts.some(mount => mount.mountPath === mountPath)

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    sources: [
      // An hour and a little, so that kubelets renew it at their own pace.
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
    defaultMode: 420,
  },
})
