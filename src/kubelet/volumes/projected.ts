// Several sources in one folder; every Pod has one with its ServiceAccount's token, the cluster's CA and
// its namespace.
import type { Pod, VolumeProjection } from '../../api/generated/types.ts'
import { configMapFiles, configMapReferences } from './configmap.ts'
import { downwardFiles } from './downwardapi.ts'
import { secretFiles, secretReferences } from './secret.ts'
import {
  defaultFileMode,
  type VolumeContext,
  type VolumeFile,
  type VolumeFiles,
  type VolumePlugin,
} from './volume.ts'

const defaultExpirationSeconds = 3600

/** The user all containers run as; undefined: they differ, or nothing is said. */
function commonUser({ spec }: Pod): number | undefined {
  const own = spec?.securityContext?.runAsUser
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  const users = new Set(containers.map(({ securityContext }) => securityContext?.runAsUser ?? own))
  return users.size === 1 ? [...users][0] : undefined
}

/** Nobody else may read a token when it is known who will. */
function tokenFile(token: string, pod: Pod, defaultMode: number): VolumeFile {
  const owner = commonUser(pod)
  const isPrivate = owner !== undefined || pod.spec?.securityContext?.fsGroup !== undefined
  return {
    content: Buffer.from(token),
    mode: isPrivate ? 0o600 : defaultMode,
    ...(owner === undefined ? {} : { owner }),
  }
}

async function sourceFiles(
  source: VolumeProjection,
  context: VolumeContext,
  defaultMode: number,
): Promise<VolumeFiles> {
  if (source.configMap) return configMapFiles(source.configMap, context, defaultMode)
  if (source.secret) return secretFiles(source.secret, context, defaultMode)
  if (source.downwardAPI) return downwardFiles(source.downwardAPI, context, defaultMode)
  if (!source.serviceAccountToken) return new Map()
  const { path, audience, expirationSeconds = defaultExpirationSeconds } = source.serviceAccountToken
  const request = { pod: context.pod, expirationSeconds, ...(audience ? { audience } : {}) }
  const token = await context.references.serviceAccountToken(request)
  return token === undefined ? new Map() : new Map([[path, tokenFile(token, context.pod, defaultMode)]])
}

export const projectedPlugin: VolumePlugin = {
  source: 'projected',
  id: 'kubernetes.io~projected',
  isWritable: false,
  references: ({ projected }) =>
    (projected?.sources ?? []).flatMap(({ configMap, secret }) => [
      ...configMapReferences(configMap),
      ...secretReferences(secret),
    ]),
  async files({ projected }, context) {
    const defaultMode = projected?.defaultMode ?? defaultFileMode
    const files = new Map<string, VolumeFile>()
    for (const source of projected?.sources ?? []) {
      for (const [path, file] of await sourceFiles(source, context, defaultMode)) files.set(path, file)
    }
    return files
  },
}
