// The Pod and container that a log, exec, attach or port-forward request is about, and the kubelet that runs
// it (pkg/registry/core/pod, validateContainer and streamLocation).
import type { Pod } from '../../api/generated/types.ts'
import type { ContainerReference, KubeletConnection, KubeletConnector } from '../../api/kubeletapi.ts'
import { badRequest } from '../../api/status.ts'
import { type Call, namespaceOf } from '../endpoints/call.ts'

const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container'

export async function podOf(call: Call): Promise<Pod> {
  const stored = await call.registry.get(call.context, namespaceOf(call), call.info.name)
  return stored.object as Pod
}

/** Init containers first, then the others, then ephemeral ones, as upstream names them in its messages. */
function containerNames({ spec }: Pod): string[] {
  const all = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ]
  return all.map(({ name }) => name)
}

/** The container asked for, or the only one. Throws BadRequest. */
export function chooseContainer(pod: Pod, asked: string | undefined): string {
  const { name } = pod.metadata
  const names = containerNames(pod)
  if (asked) {
    if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`)
    return asked
  }
  const containers = pod.spec?.containers ?? []
  if (containers.length === 1) return containers[0]!.name
  if (containers.length === 0) throw badRequest(`a container name must be specified for pod ${name}`)
  const preferred = pod.metadata.annotations?.[defaultContainerAnnotation]
  if (preferred && names.includes(preferred)) return preferred
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`)
}

export const containerReference = (pod: Pod, container: string): ContainerReference => ({
  namespace: pod.metadata.namespace ?? '',
  pod: pod.metadata.name ?? '',
  uid: pod.metadata.uid ?? '',
  container,
})

/** Throws BadRequest for a Pod without a node. */
export async function kubeletOf(pod: Pod, connector: KubeletConnector): Promise<KubeletConnection> {
  const nodeName = pod.spec?.nodeName
  if (!nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
  return connector(nodeName)
}
