// Several sources in one folder; every Pod has one with its ServiceAccount's token, the cluster's CA and
// its namespace.
import type { VolumeProjection } from '../../api/generated/types.ts'
import { configMapFiles, configMapReferences } from './configmap.ts'
import { downwardFiles } from './downwardapi.ts'
import { secretFiles, secretReferences } from './secret.ts'
import type { VolumeContext, VolumeFiles, VolumePlugin } from './volume.ts'

const defaultExpirationSeconds = 3600

async function sourceFiles(source: VolumeProjection, context: VolumeContext): Promise<VolumeFiles> {
  if (source.configMap) return configMapFiles(source.configMap, context)
  if (source.secret) return secretFiles(source.secret, context)
  if (source.downwardAPI) return downwardFiles(source.downwardAPI, context)
  if (!source.serviceAccountToken) return new Map()
  const { path, audience, expirationSeconds = defaultExpirationSeconds } = source.serviceAccountToken
  const request = { pod: context.pod, expirationSeconds, ...(audience ? { audience } : {}) }
  const token = await context.references.serviceAccountToken(request)
  return token === undefined ? new Map() : new Map([[path, Buffer.from(token)]])
}

export const projectedPlugin: VolumePlugin = {
  source: 'projected',
  isWritable: false,
  references: ({ projected }) =>
    (projected?.sources ?? []).flatMap(({ configMap, secret }) => [
      ...configMapReferences(configMap),
      ...secretReferences(secret),
    ]),
  async files({ projected }, context) {
    const files = new Map<string, Buffer>()
    for (const source of projected?.sources ?? []) {
      for (const [path, content] of await sourceFiles(source, context)) files.set(path, content)
    }
    return files
  },
}
