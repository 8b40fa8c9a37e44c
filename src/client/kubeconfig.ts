// Reads and writes kubeconfig files as kubectl does: several files merge with the first one winning, relative
// paths are relative to their file, and a context names the cluster, the user and the namespace to work with.

import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { withoutTrailing } from '../component/text.ts'

export interface KubeconfigCluster {
  server?: string
  'certificate-authority'?: string
  'certificate-authority-data'?: string
  'insecure-skip-tls-verify'?: boolean
  'tls-server-name'?: string
  /** `http://`, `https://` or `socks5://` */
  'proxy-url'?: string
  extensions?: { name: string; extension: unknown }[] | null
}

export interface KubeconfigExec {
  apiVersion?: string
  command: string
  args?: string[] | null
  env?: { name: string; value: string }[] | null
  installHint?: string
  provideClusterInfo?: boolean
  interactiveMode?: 'Never' | 'IfAvailable' | 'Always'
}

export interface KubeconfigUser {
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
  token?: string
  tokenFile?: string
  username?: string
  password?: string
  exec?: KubeconfigExec
  as?: string
  'as-uid'?: string
  'as-groups'?: string[] | null
  'as-user-extra'?: Record<string, string[]> | null
  'auth-provider'?: { name: string }
}

export interface KubeconfigContext {
  cluster: string
  user: string
  namespace?: string
}

export interface NamedCluster {
  name: string
  cluster: KubeconfigCluster
}

export interface NamedUser {
  name: string
  user: KubeconfigUser
}

export interface NamedContext {
  name: string
  context: KubeconfigContext
}

export interface Kubeconfig {
  apiVersion: 'v1'
  kind: 'Config'
  clusters: NamedCluster[]
  users: NamedUser[]
  contexts: NamedContext[]
  'current-context'?: string
  preferences?: Record<string, unknown>
}

/** What a connection needs, files read. */
export interface ClientConfig {
  readonly server: string
  /** PEM. Absent: the authorities that this host trusts. */
  readonly ca?: string
  readonly insecureSkipTLSVerify?: boolean
  readonly tlsServerName?: string
  /** Client certificate and key in PEM. */
  readonly certificate?: string
  readonly key?: string
  readonly token?: string
  /** Read again now and then: it is replaced before it expires. */
  readonly tokenFile?: string
  readonly username?: string
  readonly password?: string
  readonly exec?: KubeconfigExec
  /** For exec plugins that want to know the cluster: the extension of that name. */
  readonly execClusterConfig?: unknown
  readonly proxyURL?: string
  /** Whom to act as; the user needs the right to impersonate. */
  readonly impersonate?: Impersonation
  readonly namespace: string
}

export interface Impersonation {
  readonly user: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export const emptyKubeconfig = (): Kubeconfig => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [],
  users: [],
  contexts: [],
})

/** Reads YAML or JSON; throws when it is no kubeconfig. `directory` makes relative paths absolute. */
export async function parseKubeconfig(text: string, directory?: string): Promise<Kubeconfig> {
  const { load } = await import('js-yaml')
  const value = (text.trim() === '' ? {} : load(text)) as Partial<Kubeconfig> | undefined
  if (typeof value !== 'object' || value === null || (value.kind && value.kind !== 'Config')) {
    throw new Error('Cannot read the kubeconfig: expected kind Config')
  }
  const config: Kubeconfig = {
    ...emptyKubeconfig(),
    ...value,
    clusters: value.clusters ?? [],
    users: value.users ?? [],
    contexts: value.contexts ?? [],
  }
  if (directory !== undefined) makePathsAbsolute(config, directory)
  return config
}

function makePathsAbsolute({ clusters, users }: Kubeconfig, directory: string): void {
  const absolute = <T extends object>(object: T, ...fields: (keyof T)[]) => {
    for (const field of fields) {
      const path = object[field]
      if (typeof path === 'string' && path !== '' && !isAbsolute(path)) {
        object[field] = join(directory, path) as T[keyof T]
      }
    }
  }
  for (const { cluster } of clusters) if (cluster) absolute(cluster, 'certificate-authority')
  for (const { user } of users) {
    if (user) absolute(user, 'client-certificate', 'client-key', 'tokenFile')
    // A bare name is looked up in PATH.
    if (user?.exec?.command?.includes('/')) absolute(user.exec, 'command')
  }
}

export async function formatKubeconfig(config: Kubeconfig): Promise<string> {
  const { dump } = await import('js-yaml')
  return dump(config, { lineWidth: -1 })
}

/** Of entries with the same name, and of current contexts, the first one counts. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const firstByName = <T extends { name: string }>(lists: readonly (readonly T[])[]): T[] => {
    const byName = new Map<string, T>()
    for (const entry of lists.flat()) if (!byName.has(entry.name)) byName.set(entry.name, entry)
    return [...byName.values()]
  }
  const current = configs.map(config => config['current-context']).find(Boolean)
  return {
    ...emptyKubeconfig(),
    clusters: firstByName(configs.map(({ clusters }) => clusters)),
    users: firstByName(configs.map(({ users }) => users)),
    contexts: firstByName(configs.map(({ contexts }) => contexts)),
    ...(current ? { 'current-context': current } : {}),
  }
}

/** Reads the files, leaving out those that do not exist, and merges them. */
export async function loadKubeconfig(paths: readonly string[]): Promise<Kubeconfig> {
  const configs: Kubeconfig[] = []
  for (const path of paths) {
    try {
      configs.push(await parseKubeconfig(await readFile(path, 'utf8'), dirname(path)))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      // The YAML parser shows the place in further lines.
      const [why] = (error instanceof Error ? error.message : String(error)).split('\n')
      throw new Error(`Cannot read ${path}: ${why}`)
    }
  }
  return mergeKubeconfigs(configs)
}

/** A copy in which a cluster, a user and a context of one name are put in, and made the current ones. */
export function withContext(
  config: Kubeconfig,
  name: string,
  parts: { readonly cluster: KubeconfigCluster; readonly user: KubeconfigUser; readonly namespace?: string },
): Kubeconfig {
  const others = <T extends { name: string }>(entries: readonly T[]) =>
    entries.filter(entry => entry.name !== name)
  const { cluster, user, namespace } = parts
  const context = { cluster: name, user: name, ...(namespace ? { namespace } : {}) }
  return {
    ...config,
    clusters: [...others(config.clusters), { name, cluster }],
    users: [...others(config.users), { name, user }],
    contexts: [...others(config.contexts), { name, context }],
    'current-context': name,
  }
}

/** A copy without the cluster, user and context of that name. */
export function withoutContext(config: Kubeconfig, name: string): Kubeconfig {
  const others = <T extends { name: string }>(entries: readonly T[]) =>
    entries.filter(entry => entry.name !== name)
  const { 'current-context': current, ...rest } = config
  return {
    ...rest,
    clusters: others(config.clusters),
    users: others(config.users),
    contexts: others(config.contexts),
    ...(current && current !== name ? { 'current-context': current } : {}),
  }
}

/** Resolves a context, the current one by default, and reads the files it names. Throws what is missing. */
export async function clientConfig(config: Kubeconfig, contextName?: string): Promise<ClientConfig> {
  const name = contextName ?? config['current-context']
  const known = config.contexts.map(entry => entry.name).join(', ') || 'none'
  if (!name)
    throw new Error(`Cannot choose a cluster: there is no current context, expected one of: ${known}`)
  const context = config.contexts.find(entry => entry.name === name)?.context
  if (!context) {
    throw new Error(
      `Cannot use the context "${name}": it does not exist in the kubeconfig, expected ${known}`,
    )
  }
  const cluster = config.clusters.find(entry => entry.name === context.cluster)?.cluster
  if (!cluster?.server) throw new Error(`Cannot use the context "${name}": its cluster has no server`)
  const entry = config.users.find(({ name }) => name === context.user)
  if (!entry && context.user) {
    throw new Error(`Cannot use the context "${name}": its user "${context.user}" does not exist`)
  }
  const user = entry?.user ?? {}
  if (user['auth-provider'] && !user.exec && !user.token) {
    throw new Error(
      `Cannot log in as "${context.user}": auth-provider ${user['auth-provider'].name} is gone from ` +
        'Kubernetes, expected its exec credential plugin',
    )
  }
  return { namespace: context.namespace || 'default', ...(await ofCluster(cluster)), ...(await ofUser(user)) }
}

async function ofCluster(cluster: KubeconfigCluster): Promise<Omit<ClientConfig, 'namespace'>> {
  const ca = await textOf(cluster['certificate-authority-data'], cluster['certificate-authority'])
  return {
    server: withoutTrailing(cluster.server ?? '', '/'),
    ...(cluster['insecure-skip-tls-verify'] ? { insecureSkipTLSVerify: true } : {}),
    ...defined({
      ca,
      tlsServerName: cluster['tls-server-name'] || undefined,
      proxyURL: cluster['proxy-url'] || undefined,
      execClusterConfig: cluster.extensions?.find(({ name }) => name === execExtension)?.extension,
    }),
  }
}

const execExtension = 'client.authentication.k8s.io/exec'

async function ofUser(user: KubeconfigUser) {
  const certificate = await textOf(user['client-certificate-data'], user['client-certificate'])
  const key = await textOf(user['client-key-data'], user['client-key'])
  const { token, tokenFile, username, password, exec } = user
  return defined({
    certificate,
    key,
    token: token || undefined,
    tokenFile: tokenFile || undefined,
    username: username || undefined,
    password,
    exec,
    impersonate: impersonationOf(user),
  })
}

function impersonationOf(user: KubeconfigUser): Impersonation | undefined {
  const groups = user['as-groups'] ?? []
  const extra = user['as-user-extra'] ?? {}
  const uid = user['as-uid']
  if (user.as) return { user: user.as, groups, extra, ...(uid ? { uid } : {}) }
  if (groups.length === 0 && !uid && Object.keys(extra).length === 0) return undefined
  throw new Error('Cannot impersonate groups, a uid or extras alone: expected a user (as) in the kubeconfig')
}

const defined = <T extends object>(object: T) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }

/** Data in base64 counts before a file. */
async function textOf(data: string | undefined, path: string | undefined): Promise<string | undefined> {
  if (data) return Buffer.from(data, 'base64').toString()
  return path ? readFile(path, 'utf8') : undefined
}
