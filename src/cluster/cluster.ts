// The composition root: store, API server, controllers, scheduler and nodes become one cluster. Everything
// in it meets through the API; here they are only made, started in order and stopped in reverse.
import { resources } from '../api/resources/index.ts'
import { type APIServer, createAPIServer } from '../apiserver/apiserver.ts'
import type { Listening } from '../apiserver/http.ts'
import type { Client } from '../client/client.ts'
import { Informers } from '../client/informers.ts'
import { type Clock, systemClock } from '../component/clock.ts'
import { type Component, startAll, stopAll } from '../component/component.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import { kubernetesVersion } from '../component/version.ts'
import { bracketHost } from '../ip/hostport.ts'
import { openStore } from '../storage/open.ts'
import { type Store, StoreError } from '../storage/store.ts'
import { type ClusterConfig, type ClusterOptions, ConfigError, loadConfig } from './config.ts'
import { formatKubeconfig } from './kubeconfig.ts'
import {
  advertiseAddress,
  bindCandidates,
  hostAddresses,
  lacksFamily,
  listenError,
  localAddress,
} from './listen.ts'
import { type ClusterPKI, openPKI } from './pki.ts'
import { type StateDirectory, writePrivate } from './statedirectory.ts'

export interface ClusterEnvironment {
  /** Keys, certificates, the default store and the kubeconfig are kept in `<stateRoot>/<name>`. */
  readonly stateRoot: string
  /** Where to write the kubeconfig, besides. */
  readonly kubeconfigPath?: string
  readonly log?: Logger
  readonly clock?: Clock
  /** Aborted: the start is given up and what was started is stopped. */
  readonly signal?: AbortSignal
}

export interface Cluster {
  readonly config: ClusterConfig
  /** `https://127.0.0.1:6443` */
  readonly server: string
  readonly kubeconfig: string
  readonly kubeconfigPath: string
  /** As the administrator, in process. */
  readonly client: Client
  /** Ends everything; resolves when nothing is left. */
  stop(): Promise<void>
}

/** Whom the cluster's own parts are, as seen by the API server. */
const systemUser = { name: 'system:admin', groups: ['system:masters', 'system:authenticated'] }

interface Parts {
  readonly config: ClusterConfig
  readonly clock: Clock
  readonly log: Logger
}

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

async function listen(server: APIServer, config: ClusterConfig, pki: ClusterPKI) {
  const candidates = bindCandidates(config.bindAddress)
  for (const [index, address] of candidates.entries()) {
    try {
      const listening = await server.listen({
        bindAddress: address,
        port: config.securePort,
        certificate: pki.server.certificate,
        key: pki.server.key,
        clientCA: pki.authority.certificate,
      })
      return { address, listening }
    } catch (error) {
      if (index < candidates.length - 1 && lacksFamily(error)) continue
      throw listenError(error, config, address)
    }
  }
  throw new Error('Cannot listen: no address was given')
}

const serverURL = (address: string, port: number) => `https://${bracketHost(address)}:${String(port)}`
