// Which other objects a Pod's node has to read to run it (upstream's pkg/api/v1/pod/util.go and the graph of
// plugin/pkg/auth/authorizer/node).
import type { Container, EphemeralContainer, Pod, Volume } from '../../api/generated/types.ts'

export type ReferredKind =
  | 'secrets'
  | 'configmaps'
  | 'persistentvolumeclaims'
  | 'serviceaccounts'
  | 'resourceclaims'

export interface PodReference {
  readonly kind: ReferredKind
  /** In the Pod's namespace. */
  readonly name: string
}

const mirrorAnnotation = 'kubernetes.io/config.mirror'

type Names = (string | undefined)[]

function secretsOfVolume(volume: Volume): Names {
  return [
    volume.secret?.secretName,
    volume.azureFile?.secretName,
    volume.cephfs?.secretRef?.name,
    volume.cinder?.secretRef?.name,
    volume.flexVolume?.secretRef?.name,
    volume.iscsi?.secretRef?.name,
    volume.rbd?.secretRef?.name,
    volume.scaleIO?.secretRef?.name,
    volume.storageos?.secretRef?.name,
    volume.csi?.nodePublishSecretRef?.name,
    ...(volume.projected?.sources ?? []).map(({ secret }) => secret?.name),
  ]
}

const configMapsOfVolume = (volume: Volume): Names => [
  volume.configMap?.name,
  ...(volume.projected?.sources ?? []).map(({ configMap }) => configMap?.name),
]

const secretsOfContainer = ({ env = [], envFrom = [] }: Container | EphemeralContainer): Names => [
  ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
  ...envFrom.map(({ secretRef }) => secretRef?.name),
]

const configMapsOfContainer = ({ env = [], envFrom = [] }: Container | EphemeralContainer): Names => [
  ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
  ...envFrom.map(({ configMapRef }) => configMapRef?.name),
]

const claimOfVolume = (pod: Pod, { name, persistentVolumeClaim, ephemeral }: Volume) =>
  persistentVolumeClaim?.claimName ?? (ephemeral ? `${pod.metadata.name}-${name}` : undefined)

/** Each once. Mirror Pods, which a node makes itself, refer to nothing. */
export function referencesOf(pod: Pod): PodReference[] {
  const { spec, status, metadata } = pod
  if (!spec || metadata.annotations?.[mirrorAnnotation] !== undefined) return []
  const { volumes = [], imagePullSecrets = [], resourceClaims = [] } = spec
  const containers = [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ]
  const names: Readonly<Record<ReferredKind, Names>> = {
    secrets: [
      ...imagePullSecrets.map(({ name }) => name),
      ...containers.flatMap(secretsOfContainer),
      ...volumes.flatMap(secretsOfVolume),
    ],
    configmaps: [...containers.flatMap(configMapsOfContainer), ...volumes.flatMap(configMapsOfVolume)],
    persistentvolumeclaims: volumes.map(volume => claimOfVolume(pod, volume)),
    serviceaccounts: [spec.serviceAccountName],
    resourceclaims: [
      ...resourceClaims.map(({ resourceClaimName }) => resourceClaimName),
      ...(status?.resourceClaimStatuses ?? []).map(({ resourceClaimName }) => resourceClaimName),
    ],
  }
  return (Object.keys(names) as ReferredKind[]).flatMap(kind =>
    [...new Set(names[kind])].flatMap(name => (name ? [{ kind, name }] : [])),
  )
}
