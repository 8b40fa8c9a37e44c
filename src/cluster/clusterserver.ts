// The API server of a cluster: what the settings mean for it, and where it listens.
import { resources } from '../api/resources/index.ts'
import { type APIServer, createAPIServer } from '../apiserver/apiserver.ts'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import type { MetricSet } from '../component/metrics.ts'
import type { Tracer } from '../component/tracing.ts'
import { versionInfo } from '../component/version.ts'
import { nthAddress } from '../ip/cidr.ts'
import { unspecifiedAddress } from '../ip/family.ts'
import type { Store } from '../storage/store.ts'
import { openAudit } from './access/audit.ts'
import { openAuthentication } from './access/authentication.ts'
import type { ClusterConfig } from './config.ts'
import { advertiseAddress, type HostAddress, isUnspecified, listenError } from './listen.ts'
import type { Kubelets } from './parts.ts'
import type { ClusterPKI } from './pki.ts'

/** What tokens name as their maker, as upstream's installers have it. */
const tokenIssuer = 'https://kubernetes.default.svc.cluster.local'

const firstNodeAddress = (config: ClusterConfig) => nthAddress(config.nodeIPRange[0]!, 1n)

export interface ClusterServerParts {
  readonly config: ClusterConfig
  readonly store: Store
  /** The same, with Secrets as they are on the disk. */
  readonly kept: Store
  /** Other servers of the cluster use it too. */
  readonly sharesStore: boolean
  readonly pki: ClusterPKI
  readonly kubelets: Kubelets
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: MetricSet
  /** Of this machine. */
  readonly ownAddresses: readonly HostAddress[]
  readonly tracer?: Tracer | undefined
  /** Of this machine as nodes with containers see it; none: nodes are simulated. */
  readonly hostAddresses: readonly string[]
}

/** Rejects with ConfigError for a file that cannot be used. */
export async function createClusterServer(parts: ClusterServerParts): Promise<APIServer> {
  const { config, store, pki, kubelets, clock, metrics, tracer } = parts
  const authentication = await openAuthentication(config.access, { clock, log: parts.log.child('tokens') })
  const audit = await openAudit(config.access.audit, { clock, log: parts.log.child('audit') })
  return createAPIServer({
    store,
    snapshotStore: parts.kept,
    sharesStore: parts.sharesStore,
    resources,
    clock,
    metrics,
    tracer,
    log: parts.log.child('apiserver'),
    kubelet: kubelets.connect,
    version: versionInfo,
    ...(config.defaultIPFamilyPolicy ? { defaultIPFamilyPolicy: config.defaultIPFamilyPolicy } : {}),
    rbac: config.authorizationMode !== 'AlwaysAllow',
    nodeAuthorizer: config.authorizationMode === 'Node,RBAC',
    ...authentication,
    ...(audit ? { audit } : {}),
    serviceAccountTokens: { key: pki.serviceAccountKey, issuer: tokenIssuer },
    serviceClusterIPRanges: config.serviceClusterIPRange,
    nodePortRange: config.nodePortRange,
    advertiseAddress:
      parts.hostAddresses[0] ??
      advertiseAddress(config.ipFamilies[0]!, parts.ownAddresses, firstNodeAddress(config)),
    securePort: config.securePort,
  })
}

type ServingParts = Pick<ClusterServerParts, 'config' | 'pki'>

/** Listens where it is told, or on every address of every family that this host has. */
export async function listenForClients(server: APIServer, { config, pki }: ServingParts) {
  const { bindAddress } = config
  try {
    return await server.listen({
      ...(bindAddress === undefined ? {} : { bindAddress }),
      port: config.securePort,
      ...pki.server(),
      clientCA: pki.authority.certificate,
    })
  } catch (error) {
    throw listenError(error, config, bindAddress ?? unspecifiedAddress.IPv6)
  }
}

/** Where the user's own choice of an address leaves nodes out. */
export async function listenForNodes(
  server: APIServer,
  parts: ClusterServerParts,
  port: number,
): Promise<void> {
  const { config, pki } = parts
  if (config.bindAddress === undefined || isUnspecified(config.bindAddress)) return
  for (const address of parts.hostAddresses) {
    await listenForClients(server, { config: { ...config, bindAddress: address, securePort: port }, pki })
  }
}
