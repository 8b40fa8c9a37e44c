// The API server, put together: registries over a store, the filter chain as one ordered array, and three
// ways in: `handle` (a request in, a reply out), `transport` (in process) and `listen` (TLS).
import type { KubeletConnector } from '../api/kubeletapi.ts'
import type { Resource } from '../api/resource.ts'
import type { Transport } from '../api/transport.ts'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import { MetricSet } from '../component/metrics.ts'
import type { Tracer } from '../component/tracing.ts'
import { familyOfCIDR, type IPFamilies } from '../ip/family.ts'
import type { Store } from '../storage/store.ts'
import { createAccess } from './access.ts'
import type { IPFamilyPolicy } from './admission/admission.ts'
import { admissionPlugins } from './admission/index.ts'
import { eventFor } from './allocation/findingevent.ts'
import type { PortRange } from './allocation/portpool.ts'
import { AllocationRepair } from './allocation/repair.ts'
import type { Finding } from './allocation/repairplan.ts'
import { openServiceAllocator, type ServiceAllocator } from './allocation/serviceallocator.ts'
import { Audit, type AuditOptions } from './audit/audit.ts'
import { APIServerService } from './bootstrap.ts'
import { createDiscovery } from './discovery.ts'
import { type AnonymousAccess, anonymousRule } from './filters/anonymous.ts'
import { auditing, failedAuthenticationAudit } from './filters/audit.ts'
import { type Authenticator, authentication, clientCertificate } from './filters/authentication.ts'
import { type Authorizer, authorization } from './filters/authorization.ts'
import { fairness } from './filters/fairness.ts'
import { impersonation } from './filters/impersonation.ts'
import { recover } from './filters/recover.ts'
import { requestLog } from './filters/requestlog.ts'
import { timeout } from './filters/timeout.ts'
import type { HealthCheck } from './health.ts'
import { type Listening, type ListenOptions, listen } from './http.ts'
import { inProcessTransport } from './inprocess.ts'
import { ServerMetrics } from './metrics/servermetrics.ts'
import { createMetricsRegistries } from './nodemetrics/metricsregistries.ts'
import {
  type DocumentSource,
  leadsToResources,
  nonResourceReply,
  serverAddress,
  type VersionInfo,
} from './nonresource.ts'
import { createOpenAPI } from './openapi.ts'
import type { RegistryHooks } from './registry/hooks.ts'
import { createRegistries, type Registries } from './registry/registries.ts'
import type { User } from './registry/registry.ts'
import type { Answerer } from './registry/virtual.ts'
import { chain, type Filter, type Handler, type Reply, type ServerRequest } from './request.ts'
import { ResourceRequests } from './resourcerequests.ts'
import { ServerLeases } from './serverleases.ts'
import { snapshotReply } from './snapshotreply.ts'
import { createSubresources } from './subresources/index.ts'
import { tokenAuthenticator, tokenDocument, tokenDocumentPaths, tokenReviewer } from './tokens/bearer.ts'
import { bootstrapTokens } from './tokens/bootstraptokens.ts'
import { ServiceAccountTokens, type ServiceAccountTokensOptions } from './tokens/serviceaccounttokens.ts'
import { anyOf, type TokenAuthenticator, type TokenVerifier, verifierOf } from './tokens/tokenverifier.ts'
import { serverTraces } from './tracing.ts'

export interface APIServerOptions {
  /** Stays the caller's: close() leaves it open. */
  readonly store: Store
  /** What snapshots are taken of: the store with values as they are kept. Default: `store`. */
  readonly snapshotStore?: Store
  readonly resources: readonly Resource[]
  readonly clock: Clock
  readonly log: Logger
  /** How a node's kubelet is reached. */
  readonly kubelet: KubeletConnector
  readonly version: VersionInfo
  /** Ranges of ClusterIPs, primary first. */
  readonly serviceClusterIPRanges: readonly string[]
  readonly nodePortRange?: PortRange
  /** Where nodes reach this server, of the primary family. */
  readonly advertiseAddress: string
  /** What the Service `kubernetes` leads to until `listen` knows better. */
  readonly securePort?: number
  /** Other API servers write to the store too: the Service leads to all that listen. */
  readonly sharesStore?: boolean
  /** Besides client certificates. */
  readonly authenticators?: readonly Authenticator[]
  /** Who bearer tokens belong to, besides those of ServiceAccounts. */
  readonly tokenAuthenticators?: readonly TokenAuthenticator[]
  readonly authorizer?: Authorizer
  /** Requests without credentials. Default: what roles allow; without `rbac` health and version. */
  readonly anonymous?: AnonymousAccess
  /** Roles and bindings decide who may do what. Default: everybody who is known may do everything. */
  readonly rbac?: boolean
  /** Absent: nothing is recorded. */
  readonly audit?: AuditOptions
  /** With `rbac`: nodes see only what concerns their Pods, instead of having a role. */
  readonly nodeAuthorizer?: boolean
  /** Absent: no tokens are issued. */
  readonly serviceAccountTokens?: ServiceAccountTokensOptions
  /** For Services that say nothing about families. Default: upstream's, SingleStack. */
  readonly defaultIPFamilyPolicy?: IPFamilyPolicy
  /** How many requests may be in the making at once; priority levels share them. Default 600, as upstream. */
  readonly maxRequestsInFlight?: number
  readonly healthChecks?: readonly HealthCheck[]
  /** Shown at /metrics; the server adds its own. */
  readonly metrics?: MetricSet
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined
  /** Default: the documents of the resources that are built in. */
  readonly openapi?: DocumentSource
}

export interface APIServer {
  handle(request: ServerRequest): Promise<Reply>
  /** Bodies are copied on the way in, answers are shared: never change them. */
  transport(user: User): Transport
  /** Rejects with Node's error (EADDRINUSE ...) when the address cannot be had. */
  listen(options: ListenOptions): Promise<Listening>
  /** Another serving certificate wherever it listens, for connections that come from now on. */
  useCertificate: Listening['useCertificate']
  /** Ends listening, watches and background work. */
  close(): Promise<void>
}

const defaultSecurePort = 6443

function healthChecksOf(options: APIServerOptions, isClosing: () => boolean): HealthCheck[] {
  return [
    { name: 'ping', check: () => undefined },
    { name: 'log', check: () => undefined },
    { name: 'etcd', check: () => options.store.revision() },
    { name: 'etcd-readiness', paths: ['readyz'], check: () => options.store.revision() },
    { name: 'informer-sync', paths: ['readyz'], check: () => undefined },
    { name: 'poststarthook/start-service-ip-repair-controllers', check: () => undefined },
    ...(options.healthChecks ?? []),
    {
      name: 'shutdown',
      paths: ['readyz'],
      check() {
        if (isClosing()) throw new Error('process is shutting down')
      },
    },
  ]
}

class ComposedServer implements APIServer {
  readonly #options: APIServerOptions
  readonly #registries: Registries
  readonly #allocator: ServiceAllocator
  readonly #repair: AllocationRepair
  readonly #requests: ResourceRequests
  readonly #handler: Handler
  readonly #authorizer: Authorizer
  readonly #tokens: ServiceAccountTokens | undefined
  readonly #metrics: ServerMetrics
  readonly #traces: ReturnType<typeof serverTraces>
  readonly #audit: Audit | undefined
  #service: APIServerService
  readonly #listening: Listening[] = []
  #isClosing = false

  constructor(options: APIServerOptions, service: APIServerService, allocator: ServiceAllocator) {
    const { resources, clock, log, kubelet, nodePortRange, metrics = new MetricSet() } = options
    this.#options = options
    this.#metrics = new ServerMetrics({ ...options, metrics, registries: () => this.#registries })
    this.#traces = serverTraces(options.tracer)
    const store = this.#traces.store(this.#metrics.store(options.store))
    this.#audit = options.audit && new Audit(options.audit, clock)
    for (const metric of this.#audit?.metrics ?? []) metrics.add(metric)
    this.#service = service
    this.#allocator = allocator
    const hooks = new Map<string, RegistryHooks>([['/services', allocator as RegistryHooks]])
    this.#tokens =
      options.serviceAccountTokens &&
      new ServiceAccountTokens(options.serviceAccountTokens, {
        clock,
        lookup: (...of) => this.#registries.recent(...of),
      })
    const tokens = this.#tokens
    const access = createAccess({
      ...options,
      recent: (...of) => this.#registries.recent(...of),
      lookup: (...of) => this.#registries.lookup(...of),
    })
    const answerers: Record<string, Answerer> = {
      ...(this.#verifiers().length > 0
        ? { 'authentication.k8s.io/tokenreviews': tokenReviewer(anyOf(this.#verifiers())) }
        : {}),
      ...access.answerers,
    }
    this.#authorizer = access.authorizer
    const wanted = [...admissionPlugins, ...access.admission]
    const admission = this.#traces.admission(this.#metrics.admission(wanted))
    const { defaultIPFamilyPolicy } = options
    this.#registries = createRegistries({
      ...{ store, resources, clock, log, hooks, admission, answerers },
      onList: this.#metrics.lists.of,
      others: lookup => createMetricsRegistries({ lookup, connector: kubelet, clock }),
      ...(defaultIPFamilyPolicy ? { defaultIPFamilyPolicy } : {}),
    })
    const { lookup, admission: plugins } = this.#registries
    this.#repair = new AllocationRepair({
      store,
      clock,
      log,
      onFinding: finding => void this.#tell(finding),
      ...(nodePortRange ? { nodePortRange } : {}),
    })
    void this.#repair.start()
    const subresources = createSubresources({ lookup, clock, ...(tokens ? { tokens } : {}) })
    const authorizer = this.#authorizer
    const parts = { lookup, subresources, admission: plugins, clock, kubelet, authorizer }
    this.#requests = new ResourceRequests(parts)
    this.#handler = chain(this.#filters(), this.#endpoints())
  }

  #verifiers(): readonly TokenVerifier[] {
    const tokens = this.#tokens
    const { clock, tokenAuthenticators = [] } = this.#options
    const others = [bootstrapTokens((...of) => this.#registries.lookup(...of), clock), ...tokenAuthenticators]
    const own = tokens && [tokens.issuer]
    return [...(tokens ? [tokens] : []), ...others.map(authenticate => verifierOf(authenticate, own))]
  }

  #bearers(): readonly Authenticator[] {
    return [tokenAuthenticator(anyOf(this.#verifiers()), this.#options.log)]
  }

  #filters(): readonly Filter[] {
    const { log, clock, authenticators = [], maxRequestsInFlight = 600 } = this.#options
    const { anonymous = { enabled: true }, rbac = false } = this.#options
    const audit = this.#audit
    const authenticate = authentication(
      [clientCertificate, ...authenticators, ...this.#bearers()],
      anonymousRule(anonymous, { rolesDecide: rbac }),
    )
    const authorize = authorization(this.#metrics.authorizer(this.#authorizer))
    const { lookup } = this.#registries
    return [
      ...this.#traces.requests,
      this.#metrics.requests.filter,
      this.#metrics.watches,
      requestLog(log, clock),
      recover(log),
      timeout(clock),
      ...(audit ? [failedAuthenticationAudit(audit)] : []),
      this.#traces.filter('authenticate', this.#metrics.authentication(authenticate)),
      ...(audit ? [auditing(audit)] : []),
      impersonation(this.#authorizer),
      fairness({ lookup, clock, metrics: this.#metrics.set, totalSeats: maxRequestsInFlight }),
      this.#traces.filter('authorize', authorize),
    ]
  }

  #endpoints(): Handler {
    const { version, log, openapi = createOpenAPI() } = this.#options
    const { resources } = this.#registries
    const nonResource = {
      discovery: createDiscovery(resources),
      groupVersions: resources,
      healthChecks: healthChecksOf(this.#options, () => this.#isClosing),
      version,
      openapi: this.#documents(openapi),
      metrics: () => this.#metrics.text(),
      paths: this.#tokens ? tokenDocumentPaths : [],
      log,
    }
    return request =>
      leadsToResources(request, nonResource)
        ? this.#requests.reply(request)
        : nonResourceReply(request, nonResource)
  }

  #documents(openapi: DocumentSource): DocumentSource {
    const tokens = this.#tokens
    const { store, snapshotStore = store, log } = this.#options
    return request =>
      (tokens && tokenDocument(request, tokens, serverAddress(request))) ??
      snapshotReply(request, snapshotStore, log) ??
      openapi(request)
  }

  handle(request: ServerRequest): Promise<Reply> {
    return this.#handler(request)
  }

  transport(user: User): Transport {
    const options = {
      requests: this.#requests,
      authorizer: this.#authorizer,
      handle: this.#handler,
      ...(this.#audit ? { audit: this.#audit } : {}),
    }
    return inProcessTransport(options, user)
  }

  async listen(options: ListenOptions): Promise<Listening> {
    const { clock, log, securePort = defaultSecurePort } = this.#options
    const listening = await listen(
      { handler: this.#handler, clock, log, onTLSError: this.#metrics.tlsHandshakeFailed },
      options,
    )
    this.#listening.push(listening)
    log.info('listening', { address: listening.address, port: listening.port })
    const isFirst = this.#listening.length === 1
    if (listening.port !== securePort || (this.#options.sharesStore && isFirst)) {
      await this.#service.stop()
      this.#service = serviceOf(this.#options, { securePort: listening.port, isListening: true })
      await this.#service.start()
    }
    return listening
  }

  useCertificate(keyed: Parameters<Listening['useCertificate']>[0]): void {
    for (const listening of this.#listening) listening.useCertificate(keyed)
  }

  /** An Event that cannot be written is lost, as upstream's are. */
  async #tell(finding: Finding): Promise<void> {
    const { clock, log } = this.#options
    const event = eventFor(finding, clock.now())
    const context = { user: { name: 'system:apiserver', groups: ['system:masters'] }, warn: () => undefined }
    const namespace = event.metadata.namespace ?? ''
    try {
      await this.#registries.lookup('', 'v1', 'events')?.create(context, event, { namespace })
    } catch (error) {
      log.debug('an Event could not be written', { error: String(error) })
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await Promise.all([
      this.#repair.stop(),
      this.#service.stop(),
      this.#registries.close(),
      ...this.#listening.map(listening => listening.close()),
    ])
    this.#allocator.close()
    await this.#audit?.close()
  }
}

interface Place {
  readonly securePort: number
  readonly isListening: boolean
}

function serviceOf(options: APIServerOptions, { securePort, isListening }: Place): APIServerService {
  const { store, clock, log, serviceClusterIPRanges: serviceRanges, advertiseAddress } = options
  const { nodeAuthorizer = false } = options
  // The policy is brought in order once, before anybody listens.
  const rbac = !isListening && (options.rbac ?? false)
  const facts = { serviceRanges, advertiseAddress, securePort, rbac, nodeAuthorizer }
  const base = { store, clock, log, ...facts }
  if (!options.sharesStore) return new APIServerService(base)
  if (!isListening) return new APIServerService({ ...base, servers: [] })
  const leases = new ServerLeases({ store, clock }, { address: advertiseAddress, port: securePort })
  return new APIServerService({ ...base, leases })
}

function familiesOf(ranges: readonly string[]): IPFamilies {
  return ranges.map(range => {
    const family = familyOfCIDR(range)
    if (!family) throw new Error(`Cannot serve ClusterIPs from ${range}: expected a range such as fd00::/112`)
    return family
  })
}

/** Brings the store to the state every cluster starts from and resolves when requests can be answered. */
export async function createAPIServer(options: APIServerOptions): Promise<APIServer> {
  const { store, clock, log, nodePortRange, securePort = defaultSecurePort } = options
  const service = serviceOf(options, { securePort, isListening: false })
  await service.start()
  const allocator = await openServiceAllocator({
    store,
    clock,
    log,
    families: familiesOf(options.serviceClusterIPRanges),
    ...(nodePortRange ? { nodePortRange } : {}),
  })
  return new ComposedServer(options, service, allocator)
}
