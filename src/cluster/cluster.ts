// The composition root: store, API server, controllers, scheduler and nodes become one cluster. Everything
// in it meets through the API; here they are only made, started in order and stopped in reverse.
import { resolve } from 'node:path'
import type { APIServer } from '../apiserver/apiserver.ts'
import type { User } from '../apiserver/registry/registry.ts'
import { Client } from '../client/client.ts'
import { measuredTransport } from '../client/measuredtransport.ts'
import { tracedTransport } from '../client/tracedtransport.ts'
import { type Clock, keepAlive, systemClock } from '../component/clock.ts'
import { type Logger, type LogLevel, silentLogger } from '../component/log.ts'
import { MetricSet } from '../component/metrics.ts'
import type { Tracer } from '../component/tracing.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { withoutCredentials } from '../storage/etcdendpoints.ts'
import type { Store } from '../storage/store.ts'
import { openEncryption } from './access/encryption.ts'
import { CertificateRenewal } from './certificaterenewal.ts'
import { createClusterServer, listenForClients, listenForNodes } from './clusterserver.ts'
import { isShared, openClusterStore } from './clusterstore.ts'
import { startComponents } from './components.ts'
import { type ClusterConfig, type ClusterOptions, ConfigError, loadConfig } from './config.ts'
import type { ContainerdHost } from './containerd/host.ts'
import { formatKubeconfig } from './kubeconfig.ts'
import { keptIdentity } from './leadership.ts'
import { hostAddresses, localAddress } from './listen.ts'
import type { NodeParts } from './nodes.ts'
import { Kubelets, part, RunningParts } from './parts.ts'
import { type ClusterPKI, openPKI } from './pki.ts'
import { StateDirectory, TemporaryFile, writePrivate } from './statedirectory.ts'

export interface ClusterEnvironment {
  /**
   * Keys, certificates, the default store and the kubeconfig are kept in `<stateRoot>/<name>`. Absent:
   * nothing is kept, for a cluster in memory with simulated nodes.
   */
  readonly stateRoot?: string
  /** Where to write the kubeconfig, besides. */
  readonly kubeconfigPath?: string
  readonly log?: Logger
  readonly clock?: Clock
  /** Absent: nothing is traced. Stays the caller's: to be closed after the cluster. */
  readonly tracer?: Tracer | undefined
  /** Instead of the one of the settings; closed at the end. */
  readonly store?: Store
  /** Other clusters' processes use that store too, and are servers of the same cluster. Default false. */
  readonly sharesStore?: boolean
  /** Aborted: the start is given up and what was started is stopped. */
  readonly signal?: AbortSignal
  /** Told, a sentence each, what was decided for the user: the runtime, other ranges than the usual ones. */
  readonly notify?: (text: string) => void
  /** Nodes that run containers are processes: the command line of futago. Default: the one beside this. */
  readonly command?: readonly string[]
  /** What those processes log, into `nodes/<name>/log` below the cluster's directory. Default `warn`. */
  readonly nodeLogLevel?: LogLevel
}

export interface Cluster {
  readonly config: ClusterConfig
  /** `https://127.0.0.1:6443` */
  readonly server: string
  /** With credentials that are good now. */
  readonly kubeconfig: string
  /**
   * A file with it: a temporary one, made when it is asked for, where nothing is kept. It
   * gets new credentials before those in it end.
   */
  readonly kubeconfigPath: string
  /** As the administrator, in process. */
  readonly client: Client
  /** As somebody else, in process: what they may do is up to their roles. */
  clientAs(user: User): Client
  /** Ends everything; resolves when nothing is left. */
  stop(): Promise<void>
}

/** Whom the cluster's own parts are, as seen by the API server. */
const systemUser = { name: 'system:admin', groups: ['system:masters', 'system:authenticated'] }

/** The clients of the cluster's own parts. */
const inProcessClients =
  (
    server: APIServer,
    { metrics, clock, tracer }: { metrics: MetricSet; clock: Clock; tracer: Tracer | undefined },
  ) =>
  (user: User): Client => {
    const transport = server.transport(user)
    const measured = measuredTransport(transport, { metrics, clock, host: 'in-process' })
    return new Client(tracer ? tracedTransport(measured, tracer) : measured)
  }

/** What `work` resolves with; rejects at once when the signal is aborted. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal?.reason)
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort))
  })
}

/** Throws ConfigError when something is to be kept and there is no place for it. */
function openDirectory(
  config: ClusterConfig,
  { stateRoot, store }: ClusterEnvironment,
): StateDirectory | undefined {
  if (stateRoot !== undefined) return new StateDirectory(stateRoot, config.name)
  const keeps =
    (config.runtime === 'containerd' && '--runtime containerd') ||
    (config.certDir !== undefined && '--cert-dir') ||
    (!store && config.store === 'lmdb' && '--store lmdb')
  if (!keeps) return undefined
  throw new ConfigError(`Cannot use ${keeps} without a directory to keep things in: expected a stateRoot`)
}

/** One start of one cluster. */
class ClusterStart {
  readonly #options: ClusterOptions
  #config: ClusterConfig
  #host: ContainerdHost | undefined
  readonly #environment: ClusterEnvironment
  readonly #clock: Clock
  readonly #log: Logger
  readonly #parts = new RunningParts()
  readonly #directory: StateDirectory | undefined
  readonly #isServerOnly: boolean
  #temporaryKubeconfig: TemporaryFile | undefined

  constructor(options: ClusterOptions, environment: ClusterEnvironment, { isServerOnly = false } = {}) {
    const config = loadConfig(options)
    this.#options = options
    this.#config = config
    this.#isServerOnly = isServerOnly
    this.#environment = environment
    this.#clock = environment.clock ?? systemClock
    this.#log = environment.log ?? silentLogger
    this.#directory = openDirectory(config, environment)
  }

  async run(): Promise<Cluster> {
    try {
      return await this.#start()
    } catch (error) {
      await this.#parts.stop().catch(cause => this.#log.error('cannot clean up', { error: String(cause) }))
      throw error
    }
  }

  async #start(): Promise<Cluster> {
    const directory = this.#directory
    this.#refuseSecondStart()
    directory?.create(this.#config.certDir)
    await this.#prepareHost()
    const config = this.#config
    const context = { clock: this.#clock, log: this.#log.child('store') }
    const kept = this.#environment.store ?? (await openClusterStore(config, directory, context))
    await this.#parts.add(part('store', () => kept.close()))
    const store = await openEncryption(config.access, kept)
    const sharesStore = this.#environment.sharesStore ?? isShared(config)
    const ownAddresses = hostAddresses()
    const pki = openPKI({
      ...(directory ? { directory } : {}),
      serviceClusterIPRange: config.serviceClusterIPRange,
      ownAddresses,
      clock: this.#clock,
    })
    const kubelets = new Kubelets()
    const clock = this.#clock
    const metrics = new MetricSet()
    const { tracer } = this.#environment
    for (const metric of tracer?.metrics ?? []) metrics.add(metric)
    const shared = { config, pki, kubelets, clock, log: this.#log, metrics, tracer }
    const forNodes = { hostAddresses: this.#host?.addresses ?? [] }
    const serving = { ...shared, ...forNodes, store, kept, sharesStore, ownAddresses }
    const server = await createClusterServer(serving)
    await this.#parts.add(part('API server', () => server.close()))
    const renewal = new CertificateRenewal({ ...shared, server, kubeconfigs: () => this.#kubeconfigs() })
    const { address, port } = await listenForClients(server, serving)
    await listenForNodes(server, serving, port)
    const partsAs = inProcessClients(server, shared)
    const client = partsAs(systemUser)
    const { signal } = this.#environment
    if (!this.#isServerOnly) {
      const starting = startComponents({
        ...shared,
        client,
        clientAs: partsAs,
        port,
        parts: this.#parts,
        nodes: this.#nodeParts(),
        ...(sharesStore ? { identity: keptIdentity(directory) } : {}),
      })
      const nodes = await unlessAborted(starting, signal)
      await unlessAborted(nodes.ready, signal)
    }
    signal?.throwIfAborted()
    const host = localAddress(address, config.ipFamilies, ownAddresses)
    const clientAs = (user: User) => new Client(server.transport(user))
    const cluster = this.#ready({ pki, client, clientAs, server: `https://${joinHostPort(host, port)}` })
    await this.#parts.add(renewal)
    return cluster
  }

  #refuseSecondStart(): void {
    const running = this.#directory?.running()
    if (!running) return
    const { name } = this.#config
    throw new ConfigError(
      `Cannot start cluster ${name}: process ${running.pid} already serves it at ${running.server}, ` +
        `expected: futago down --name ${name}, or another --name`,
    )
  }

  /** Real nodes need addresses on the host, which come before the certificates that name them. */
  async #prepareHost(): Promise<void> {
    const directory = this.#directory
    if (this.#config.runtime === 'simulated' || !directory) return
    const { claimHost } = await import('./containerd/index.ts')
    const notify = this.#environment.notify ?? (text => this.#log.info(text))
    const claimed = await claimHost({
      options: this.#options,
      directory,
      clock: this.#clock,
      log: this.#log,
      notify,
    })
    if (!claimed) return
    await this.#parts.add(claimed)
    this.#host = claimed
    this.#config = claimed.config
  }

  #nodeParts(): NodeParts {
    const { command, nodeLogLevel } = this.#environment
    return {
      host: this.#host,
      directory: this.#directory,
      command,
      logLevel: nodeLogLevel ?? 'warn',
    }
  }

  #ready(made: Pick<Cluster, 'client' | 'clientAs' | 'server'> & { readonly pki: ClusterPKI }): Cluster {
    const config = this.#config
    const { pki, client, clientAs, server } = made
    const kubeconfig = () =>
      formatKubeconfig({ name: config.name, server, authority: pki.authority.certificate, ...pki.admin() })
    const kept = this.#keep(server, kubeconfig())
    if (!kept) this.#temporaryKubeconfig = new TemporaryFile('kubeconfig', kubeconfig)
    const file = kept ?? this.#temporaryKubeconfig!
    const stop = async () => {
      await keepAlive(() => this.#parts.stop())
      this.#directory?.clearRunning()
      this.#temporaryKubeconfig?.remove()
    }
    return {
      config,
      server,
      get kubeconfig() {
        return kubeconfig()
      },
      get kubeconfigPath() {
        return file.path
      },
      client,
      clientAs,
      stop,
    }
  }

  /** The files with the administrator's credentials: the cluster's own, and where the user wants one. */
  #kubeconfigs(): string[] {
    const paths = [
      this.#directory?.file('kubeconfig'),
      this.#environment.kubeconfigPath,
      this.#temporaryKubeconfig?.madeAt,
    ]
    return paths.filter(path => path !== undefined)
  }

  /** Writes where the cluster is served, if anything is kept. */
  #keep(server: string, kubeconfig: string): { readonly path: string } | undefined {
    const directory = this.#directory
    const wanted = this.#environment.kubeconfigPath
    if (wanted) writePrivate(wanted, kubeconfig)
    if (!directory) return wanted ? { path: resolve(wanted) } : undefined
    const path = resolve(wanted ?? directory.file('kubeconfig'))
    directory.write(kubeconfig, 'kubeconfig')
    const config = this.#config
    directory.setRunning({
      name: config.name,
      pid: process.pid,
      server,
      kubeconfig: path,
      store: withoutCredentials(config.store),
      runtime: this.#host ? 'containerd' : 'simulated',
      nodes: config.nodes,
      ipFamilies: config.ipFamilies,
      startedAt: new Date(this.#clock.now()).toISOString(),
    })
    return { path }
  }
}

/**
 * Starts a cluster; resolves when the API answers and every node is Ready. Throws ConfigError for what the
 * caller can mend: settings, a taken port, a store that cannot be opened.
 *
 * @example
 * const cluster = await startCluster({ nodes: 2, store: 'memory' }, { stateRoot: '/tmp/futago' })
 * await cluster.client.list(pods)
 * await cluster.stop()
 */
export async function startCluster(
  options: ClusterOptions,
  environment: ClusterEnvironment,
): Promise<Cluster> {
  return keepAlive(() => new ClusterStart(options, environment).run())
}

/**
 * Starts an API server alone; resolves when it answers. No controller runs, no scheduler and no node: nothing
 * changes but what clients change. Nobody makes the ServiceAccount `default` either, without which a
 * namespace takes no Pods. Throws as `startCluster` does.
 *
 * @example
 * const server = await startAPIServer({ store: 'memory', securePort: 0 }, { stateRoot: '/tmp/futago' })
 */
export async function startAPIServer(
  options: Omit<ClusterOptions, 'nodes' | 'runtime'>,
  environment: ClusterEnvironment,
): Promise<Cluster> {
  const settings = { ...options, nodes: 0 }
  return keepAlive(() => new ClusterStart(settings, environment, { isServerOnly: true }).run())
}
