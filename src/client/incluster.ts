// The configuration of a program that runs in a Pod: the service account that is mounted into it, and the
// address of the API server from the environment.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { joinHostPort } from '../ip/hostport.ts'
import type { Environment } from './execplugin.ts'
import type { ClientConfig } from './kubeconfig.ts'

const mountedAt = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Undefined outside of a cluster. */
export async function inClusterConfig(
  environment: Environment,
  directory = mountedAt,
): Promise<ClientConfig | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment
  const tokenFile = join(directory, 'token')
  if (!host || !port || !existsSync(tokenFile)) return undefined
  const read = (name: string) => readFile(join(directory, name), 'utf8').catch(() => undefined)
  const ca = await read('ca.crt')
  return {
    server: `https://${joinHostPort(host, port)}`,
    tokenFile,
    namespace: (await read('namespace'))?.trim() || 'default',
    ...(ca === undefined ? {} : { ca }),
  }
}
