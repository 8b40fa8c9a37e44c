// What is in the cluster: each list is read once, page by page, when the first check asks for it. Of Pods
// only what the checks look at is kept: a large cluster has a hundred thousand of them.
import type {
  EndpointSlice,
  IPAddress,
  NetworkPolicy,
  Node,
  Pod,
  Service,
  ServiceCIDR,
} from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { services } from '../api/resources/core/service.ts'
import { endpointSlices } from '../api/resources/discovery.k8s.io/endpointslice.ts'
import { ipAddresses } from '../api/resources/networking.k8s.io/ipaddress.ts'
import { networkPolicies } from '../api/resources/networking.k8s.io/networkpolicy.ts'
import { serviceCIDRs } from '../api/resources/networking.k8s.io/servicecidr.ts'
import { isExpired, isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import { olderVersion, withTopologyAsFields } from './olderapi.ts'
import { sampleNodes, simulationOf } from './sampling.ts'
import type { VerifySettings } from './settings.ts'

/** Whether nodes are real, as far as the API shows. */
export interface Simulation {
  /** Whether packets flow between Pods. */
  readonly carries: boolean
  /** Whether Pods run what they are told to: not on kwok's nodes. */
  readonly runsPods: boolean
  readonly evidence: string
}

/** A list that could not be read (no rights, not served) throws the server's StatusError each time. */
export interface Inventory {
  /** Those that --node-selector selects. */
  nodes(): Promise<readonly Node[]>
  /** Up to --max-nodes of them that are Ready and take Pods, spread over zones; those that get probes. */
  sampledNodes(): Promise<readonly Node[]>
  /** Only what the checks look at: see `slimPod`. */
  pods(): Promise<readonly Pod[]>
  services(): Promise<readonly Service[]>
  /** v1, or v1beta1 brought to its shape. */
  endpointSlices(): Promise<readonly EndpointSlice[]>
  networkPolicies(): Promise<readonly NetworkPolicy[]>
  /** Undefined where the API does not exist (before 1.33). */
  serviceCIDRs(): Promise<readonly ServiceCIDR[] | undefined>
  ipAddresses(): Promise<readonly IPAddress[] | undefined>
  /** Whether packets flow on the sampled nodes: not on simulated ones (futago, kwok), with the reason. */
  carriesTraffic(): Promise<Simulation>
}

const pageSize = 500

/** All pages; starts again without pages when the list expires meanwhile. */
export async function listAll<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  options: { readonly labelSelector?: string; readonly keep?: (object: T) => T } = {},
): Promise<T[]> {
  const { labelSelector, keep = (object: T) => object } = options
  const items: T[] = []
  let token: string | undefined
  try {
    do {
      const page = await client.list(resource, { labelSelector, limit: pageSize, continue: token })
      for (const item of page.items) items.push(keep(item))
      token = page.metadata.continue || undefined
    } while (token !== undefined)
    return items
  } catch (error) {
    if (token === undefined || !isExpired(error)) throw error
    return (await client.list(resource, { labelSelector })).items.map(keep)
  }
}

/** Names, labels, owner, where it runs, its addresses, ports and conditions; no environment, no volumes. */
export function slimPod({ metadata, spec, status }: Pod): Pod {
  const { name, namespace, uid, labels, ownerReferences, creationTimestamp, deletionTimestamp } = metadata
  const { phase, podIP, podIPs, hostIP, hostIPs, conditions, startTime } = status ?? {}
  return {
    metadata: { name, namespace, uid, labels, ownerReferences, creationTimestamp, deletionTimestamp },
    spec: {
      nodeName: spec?.nodeName,
      hostNetwork: spec?.hostNetwork,
      containers: (spec?.containers ?? []).map(({ name, image, ports, readinessProbe, command, args }) => ({
        name,
        image,
        ports,
        readinessProbe,
        command,
        args,
      })),
    },
    status: { phase, podIP, podIPs, hostIP, hostIPs, conditions, startTime },
  }
}

/** Undefined for an API that the server does not have. */
async function ifServed<T>(list: Promise<T>): Promise<T | undefined> {
  try {
    return await list
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

class ClusterInventory implements Inventory {
  readonly #client: Client
  readonly #settings: VerifySettings
  readonly #read = new Map<string, Promise<unknown>>()

  constructor(client: Client, settings: VerifySettings) {
    this.#client = client
    this.#settings = settings
  }

  nodes() {
    const labelSelector = this.#settings.nodeSelector || undefined
    return this.#once('nodes', () => listAll(this.#client, nodes, { labelSelector }))
  }

  sampledNodes() {
    return this.#once('sampledNodes', async () => sampleNodes(await this.nodes(), this.#settings.maxNodes))
  }

  pods() {
    return this.#once('pods', () => listAll(this.#client, pods, { keep: slimPod }))
  }

  services() {
    return this.#once('services', () => listAll(this.#client, services))
  }

  endpointSlices() {
    return this.#once('endpointSlices', async () => {
      const slices = await ifServed(listAll(this.#client, endpointSlices))
      if (slices) return slices
      const older = await listAll(this.#client, olderVersion(endpointSlices, 'v1beta1'))
      return older.map(withTopologyAsFields)
    })
  }

  networkPolicies() {
    return this.#once('networkPolicies', () => listAll(this.#client, networkPolicies))
  }

  serviceCIDRs() {
    return this.#once('serviceCIDRs', async () => {
      const stable = await ifServed(listAll(this.#client, serviceCIDRs))
      return stable ?? ifServed(listAll(this.#client, olderVersion(serviceCIDRs, 'v1beta1')))
    })
  }

  ipAddresses() {
    return this.#once('ipAddresses', async () => {
      const stable = await ifServed(listAll(this.#client, ipAddresses))
      return stable ?? ifServed(listAll(this.#client, olderVersion(ipAddresses, 'v1beta1')))
    })
  }

  carriesTraffic() {
    return this.#once('carriesTraffic', async () => simulationOf(await this.sampledNodes()))
  }

  #once<T>(name: string, read: () => Promise<T>): Promise<T> {
    let known = this.#read.get(name) as Promise<T> | undefined
    if (!known) {
      known = read()
      known.catch(() => undefined)
      this.#read.set(name, known)
    }
    return known
  }
}

export const openInventory = (client: Client, settings: VerifySettings): Inventory =>
  new ClusterInventory(client, settings)
