// The composition root: store, API server, controllers, scheduler and nodes become one cluster. Everything
// in it meets through the API; here they are only made, started in order and stopped in reverse.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { resources } from '../api/resources/index.ts'
import { type APIServer, createAPIServer } from '../apiserver/apiserver.ts'
import type { User } from '../apiserver/registry/registry.ts'
import { secretTokenIssuer } from '../apiserver/tokens/secrettokens.ts'
import { Client } from '../client/client.ts'
import { Events } from '../client/events.ts'
import { Informers } from '../client/informers.ts'
import { type Clock, keepAlive, systemClock } from '../component/clock.ts'
import { type Logger, type LogLevel, silentLogger } from '../component/log.ts'
import { versionInfo } from '../component/version.ts'
import { ControllerManager, createControllers } from '../controllers/index.ts'
import { formatAddress } from '../ip/address.ts'
import { addressAt, parseCIDR } from '../ip/cidr.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { planSimulatedNodes, SimulatedNodes } from '../kubelet/simulatednodes.ts'
import { clientTokens } from '../kubelet/tokens.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import { openStore } from '../storage/open.ts'
import { type Store, StoreError } from '../storage/store.ts'
import { type ClusterConfig, type ClusterOptions, ConfigError, loadConfig } from './config.ts'
import type { ContainerdHost } from './containerd/host.ts'
import { formatKubeconfig } from './kubeconfig.ts'
import {
  advertiseAddress,
  bindCandidates,
  hostAddresses,
  isUnspecified,
  lacksFamily,
  listenError,
  localAddress,
} from './listen.ts'
import type { ClusterNodes, NodesContext } from './nodes.ts'
import { Kubelets, part, RunningParts } from './parts.ts'
import { type ClusterPKI, openPKI } from './pki.ts'
import { StateDirectory, writePrivate } from './statedirectory.ts'

export interface ClusterEnvironment {
  /** Keys, certificates, the default store and the kubeconfig are kept in `<stateRoot>/<name>`. */
  readonly stateRoot: string
  /** Where to write the kubeconfig, besides. */
  readonly kubeconfigPath?: string
  readonly log?: Logger
  readonly clock?: Clock
  /** Instead of the one of the settings; closed at the end. */
  readonly store?: Store
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
  readonly kubeconfig: string
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

/** What tokens name as their maker, as upstream's installers have it. */
const tokenIssuer = 'https://kubernetes.default.svc.cluster.local'

async function openClusterStore(config: ClusterConfig, directory: StateDirectory): Promise<Store> {
  const url = config.store === 'lmdb' ? `lmdb:${directory.file('store')}` : config.store
  try {
    return await openStore(url)
  } catch (error) {
    throw error instanceof StoreError
      ? new ConfigError(`Cannot open --store ${url}: ${error.message}`)
      : error
  }
}

/** Listens where it is told, or on every address of every family that this host has. */
async function listen(server: APIServer, config: ClusterConfig, pki: ClusterPKI) {
  const candidates = bindCandidates(config.bindAddress)
  for (const [index, address] of candidates.entries()) {
    try {
      const { port } = await server.listen({
        bindAddress: address,
        port: config.securePort,
        certificate: pki.server.certificate,
        key: pki.server.key,
        clientCA: pki.authority.certificate,
      })
      return { address, port }
    } catch (error) {
      if (index === candidates.length - 1 || !lacksFamily(error)) throw listenError(error, config, address)
    }
  }
  throw new Error('Cannot listen: no address was given')
}

const nthAddress = (range: string, offset: bigint) => formatAddress(addressAt(parseCIDR(range)!, offset))

const firstNodeAddress = (config: ClusterConfig) => nthAddress(config.nodeIPRange[0]!, 1n)

/** The command line beside the bundle that this is part of, or above the chunk of it. */
function defaultCommand(): string[] {
  const paths = ['cli.js', '../cli.js'].map(path => fileURLToPath(new URL(path, import.meta.url)))
  const path = paths.find(existsSync)
  if (path) return [process.execPath, path]
  throw new ConfigError(
    'Cannot start nodes: the command line of futago is not here, expected `command` to be set',
  )
}

/** What `work` resolves with; rejects at once when the signal is aborted. */
function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal?.reason)
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort))
  })
}

interface Made {
  readonly client: Client
  readonly pki: ClusterPKI
  readonly kubelets: Kubelets
  /** The API server's. */
  readonly port: number
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
  readonly #directory: StateDirectory

  constructor(options: ClusterOptions, environment: ClusterEnvironment) {
    const config = loadConfig(options)
    this.#options = options
    this.#config = config
    this.#environment = environment
    this.#clock = environment.clock ?? systemClock
    this.#log = environment.log ?? silentLogger
    this.#directory = new StateDirectory(environment.stateRoot, config.name)
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
    directory.create()
    await this.#prepareHost()
    const config = this.#config
    const store = this.#environment.store ?? (await openClusterStore(config, directory))
    await this.#parts.add(part('store', () => store.close()))
    const pki = openPKI({
      directory,
      serviceClusterIPRange: config.serviceClusterIPRange,
      nowMs: this.#clock.now(),
    })
    const kubelets = new Kubelets()
    const server = await this.#startServer({ store, pki, kubelets })
    const { address, port } = await listen(server, config, pki)
    await this.#listenForNodes(server, pki, port)
    const client = new Client(server.transport(systemUser))
    await this.#startComponents({ client, pki, kubelets, port })
    this.#environment.signal?.throwIfAborted()
    const host = localAddress(address, config.ipFamilies, hostAddresses())
    const clientAs = (user: User) => new Client(server.transport(user))
    return { ...this.#ready({ pki, client, server: `https://${joinHostPort(host, port)}` }), clientAs }
  }

  #refuseSecondStart(): void {
    const running = this.#directory.running()
    if (!running) return
    const { name } = this.#config
    throw new ConfigError(
      `Cannot start cluster ${name}: process ${running.pid} already serves it at ${running.server}, ` +
        `expected: futago down --name ${name}, or another --name`,
    )
  }

  /** Real nodes need addresses on the host, which come before the certificates that name them. */
  async #prepareHost(): Promise<void> {
    if (this.#config.runtime === 'simulated') return
    const { claimHost } = await import('./containerd/index.ts')
    const notify = this.#environment.notify ?? (text => this.#log.info(text))
    const claimed = await claimHost({
      options: this.#options,
      directory: this.#directory,
      clock: this.#clock,
      log: this.#log,
      notify,
    })
    if (!claimed) return
    await this.#parts.add(claimed)
    this.#host = claimed
    this.#config = claimed.config
  }

  /** Where the user's own choice of an address leaves nodes out. */
  async #listenForNodes(server: APIServer, pki: ClusterPKI, port: number): Promise<void> {
    const { bindAddress } = this.#config
    if (!this.#host || bindAddress === undefined || isUnspecified(bindAddress)) return
    for (const address of this.#host.addresses) {
      await listen(server, { ...this.#config, bindAddress: address, securePort: port }, pki)
    }
  }

  async #startServer(made: { store: Store; pki: ClusterPKI; kubelets: Kubelets }): Promise<APIServer> {
    const { store, pki, kubelets } = made
    const config = this.#config
    const server = await createAPIServer({
      store,
      resources,
      clock: this.#clock,
      log: this.#log.child('apiserver'),
      kubelet: kubelets.connect,
      version: versionInfo,
      ...(config.defaultIPFamilyPolicy ? { defaultIPFamilyPolicy: config.defaultIPFamilyPolicy } : {}),
      rbac: config.authorizationMode === 'RBAC',
      serviceAccountTokens: { key: pki.serviceAccountKey, issuer: tokenIssuer },
      serviceClusterIPRanges: config.serviceClusterIPRange,
      nodePortRange: config.nodePortRange,
      advertiseAddress:
        this.#host?.addresses[0] ??
        advertiseAddress(config.ipFamilies[0]!, hostAddresses(), firstNodeAddress(config)),
      securePort: config.securePort,
    })
    await this.#parts.add(part('API server', () => server.close()))
    return server
  }

  async #startComponents({ client, pki, kubelets, port }: Made): Promise<void> {
    const config = this.#config
    const shared = { client, clock: this.#clock, log: this.#log }
    const informers = new Informers(shared)
    const events = new Events(shared)
    await this.#parts.add(part('events', () => events.close()))
    await this.#parts.add(part('informers', () => informers.stop()))
    const controllers = createControllers({
      rootCA: pki.authority.certificate,
      serviceAccountTokens: {
        issue: secretTokenIssuer(pki.serviceAccountKey),
        forEveryAccount: config.legacyServiceAccountTokens,
      },
      loadBalancerIPRange: config.loadBalancerIPRange,
      nodeIPAM: {
        clusterCIDRs: config.clusterCIDR,
        maskSizes: config.nodeCIDRMaskSizes,
        serviceCIDRs: config.serviceClusterIPRange,
      },
    })
    const nodes = await this.#nodes({
      ...shared,
      informers,
      events,
      pki,
      port,
      clusterDNS: config.serviceClusterIPRange.map(range => nthAddress(range, 10n)),
    })
    kubelets.set(nodes.connect)
    await this.#parts.add(new ControllerManager({ ...shared, controllers, informers }))
    await this.#parts.add(
      new Scheduler({ ...shared, informers, events: events.recorder('default-scheduler') }),
    )
    await this.#parts.add(nodes)
    await unlessAborted(nodes.ready, this.#environment.signal)
  }

  async #nodes(context: NodesContext): Promise<ClusterNodes> {
    const { nodes, ipFamilies, nodeIPRange } = this.#config
    if (!this.#host) {
      return new SimulatedNodes({
        ...context,
        nodes: planSimulatedNodes(nodes, ipFamilies, { ranges: nodeIPRange }),
        kubeletVersion: versionInfo.gitVersion,
        tokens: clientTokens(context.client),
      })
    }
    const { containerdNodes } = await import('./containerd/index.ts')
    return containerdNodes({
      ...context,
      host: this.#host,
      directory: this.#directory,
      command: this.#environment.command ?? defaultCommand(),
      logLevel: this.#environment.nodeLogLevel ?? 'warn',
    })
  }

  #ready(made: { pki: ClusterPKI; client: Client; server: string }): Omit<Cluster, 'clientAs'> {
    const config = this.#config
    const directory = this.#directory
    const { pki, client, server } = made
    const kubeconfig = formatKubeconfig({
      name: config.name,
      server,
      authority: pki.authority.certificate,
      certificate: pki.admin.certificate,
      key: pki.admin.key,
    })
    const kubeconfigPath = resolve(this.#environment.kubeconfigPath ?? directory.file('kubeconfig'))
    directory.write(kubeconfig, 'kubeconfig')
    if (this.#environment.kubeconfigPath) writePrivate(kubeconfigPath, kubeconfig)
    directory.setRunning({
      name: config.name,
      pid: process.pid,
      server,
      kubeconfig: kubeconfigPath,
      store: config.store,
      runtime: this.#host ? 'containerd' : 'simulated',
      nodes: config.nodes,
      ipFamilies: config.ipFamilies,
      startedAt: new Date(this.#clock.now()).toISOString(),
    })
    const stop = async () => {
      await keepAlive(() => this.#parts.stop())
      directory.clearRunning()
    }
    return { config, server, kubeconfig, kubeconfigPath, client, stop }
  }
}

/**
 * Starts a cluster; resolves when the API answers and every node is Ready. Throws ConfigError for what the
 * caller can mend: settings, a taken port, a store that cannot be opened.
 *
 * @example
 * const cluster = await startCluster({ nodes: 2, store: 'memory', securePort: 0 }, { stateRoot:
 * '/tmp/futago' }) await cluster.client.list(pods) await cluster.stop()
 */
export async function startCluster(
  options: ClusterOptions,
  environment: ClusterEnvironment,
): Promise<Cluster> {
  return keepAlive(() => new ClusterStart(options, environment).run())
}
