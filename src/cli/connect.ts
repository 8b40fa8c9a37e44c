// From flags and environment to a client: finds the kubeconfig where kubectl finds it, falls back to the
// service account of the Pod it runs in, and turns what goes wrong on the way into one line that says what to
// mend.
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { StatusError } from '../api/status.ts'
import { Client } from '../client/client.ts'
import { ExecPluginError } from '../client/execplugin.ts'
import { inClusterConfig } from '../client/incluster.ts'
import { type ClientConfig, clientConfig, loadKubeconfig } from '../client/kubeconfig.ts'
import { httpsTransport } from '../client/transport.ts'
import { futagoVersion } from '../component/version.ts'
import { CommandError } from './commanderror.ts'

export interface ConnectFlags {
  readonly kubeconfig?: string
  readonly context?: string
}

export interface Connection {
  readonly client: Client
  readonly config: ClientConfig
  /** Name of the context; undefined inside of a cluster. */
  readonly context: string | undefined
  close(): void
}

/** --kubeconfig, else $KUBECONFIG, which may name several files, else ~/.kube/config. */
export function kubeconfigPaths({ kubeconfig }: ConnectFlags, env: NodeJS.ProcessEnv): string[] {
  if (kubeconfig !== undefined) return [kubeconfig]
  const named = env.KUBECONFIG?.split(delimiter).filter(path => path !== '') ?? []
  return named.length > 0 ? named : [join(homedir(), '.kube', 'config')]
}

async function findConfig(
  flags: ConnectFlags,
  env: NodeJS.ProcessEnv,
): Promise<{ config: ClientConfig; context: string | undefined }> {
  const paths = kubeconfigPaths(flags, env)
  if (!paths.some(path => existsSync(path))) {
    const own = flags.kubeconfig === undefined ? await inClusterConfig(env) : undefined
    if (own) return { config: own, context: undefined }
    throw new CommandError(
      `Cannot find a cluster: there is no kubeconfig at ${paths.join(' or ')}, expected --kubeconfig FILE or $KUBECONFIG`,
      2,
    )
  }
  try {
    const kubeconfig = await loadKubeconfig(paths)
    const context = flags.context ?? kubeconfig['current-context']
    return { config: await clientConfig(kubeconfig, flags.context), context }
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), 2)
  }
}

export async function connectToCluster(flags: ConnectFlags): Promise<Connection> {
  const { env } = process
  const { config, context } = await findConfig(flags, env)
  const transport = httpsTransport(config, {
    userAgent: `futago/${futagoVersion}`,
    environment: env,
    isTerminal: process.stdin.isTTY === true,
  })
  return { client: new Client(transport), config, context, close: () => transport.close() }
}

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there, expected the API server to run',
  ENOTFOUND: 'its name is not known, expected a name that resolves here',
  EAI_AGAIN: 'its name cannot be resolved now, expected working DNS on this machine',
  EHOSTUNREACH: 'there is no way to it, expected a route from this machine',
  ENETUNREACH: 'this machine has no route for its address family, expected one or another address',
  ETIMEDOUT: 'it does not answer, expected no firewall in between',
  ECONNRESET: 'it ended the connection, expected the API server at this address',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is for other names, expected the kubeconfig to name one of them (server or tls-server-name)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate is not trusted, expected the cluster's certificate-authority-data in the kubeconfig",
  SELF_SIGNED_CERT_IN_CHAIN:
    "its certificate is not trusted, expected the cluster's certificate-authority-data in the kubeconfig",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "its certificate is not trusted, expected the cluster's certificate-authority-data in the kubeconfig",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "its certificate is not trusted, expected the cluster's certificate-authority-data in the kubeconfig",
  CERT_SIGNATURE_FAILURE:
    "its certificate is not trusted, expected the cluster's certificate-authority-data in the kubeconfig",
  CERT_HAS_EXPIRED: 'its certificate has expired, expected it to be renewed (or this clock to be right)',
  CERT_NOT_YET_VALID: "its certificate is not valid yet, expected this machine's clock to be right",
}

function codeOf(error: unknown): string | undefined {
  const { code, errors } = error as { code?: string; errors?: readonly unknown[] }
  return code ?? errors?.map(codeOf).find(inner => inner !== undefined)
}

/** Undefined: not about the connection. */
export function connectionError(error: unknown, { config, context }: Pick<Connection, 'config' | 'context'>) {
  const where = `${config.server}${context ? ` (context ${context})` : ''}`
  if (error instanceof StatusError) {
    if (error.code === 401) {
      return new CommandError(
        `Cannot use ${where}: it does not accept the credentials of the kubeconfig, expected valid ones (log in again?)`,
        2,
      )
    }
    if (error.code === 403) {
      return new CommandError(
        `Cannot use ${where}: ${error.message}, expected the rights that futago verify --print-role lists`,
        2,
      )
    }
    return new CommandError(`Cannot use ${where}: it answered ${error.code} ${error.message}`, 2)
  }
  if (error instanceof ExecPluginError) return new CommandError(`Cannot use ${where}: ${error.message}`, 2)
  const code = codeOf(error)
  if (code === undefined) return undefined
  const why = hints[code] ?? `${error instanceof Error ? error.message : error} (${code})`
  return new CommandError(`Cannot reach ${where}: ${why}`, 2)
}
