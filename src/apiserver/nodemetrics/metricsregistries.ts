// metrics.k8s.io as registries that can be read and nothing else: one for nodes, one for Pods.
import type { Node, Pod } from '../../api/generated/types.ts'
import type { KubeletConnector } from '../../api/kubeletapi.ts'
import { formatTime } from '../../api/meta/timestamps.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import { notFound, StatusError } from '../../api/status.ts'
import type { Clock } from '../../component/clock.ts'
import type {
  ListOptions,
  Registry,
  RegistryLookup,
  RequestContext,
  StoredObject,
} from '../registry/registry.ts'
import {
  type MeasuredUsage,
  type NodeMetrics,
  nodeMetrics,
  type PodMetrics,
  podMetrics,
} from './resources.ts'
import { type NodeRates, type Rate, UsageSampler } from './usagesampler.ts'

export interface MetricsOptions {
  readonly lookup: RegistryLookup
  readonly connector: KubeletConnector
  readonly clock: Clock
}

const usageOf = ({ cpuNanocores, memoryBytes }: Rate): MeasuredUsage => ({
  cpu: `${cpuNanocores}n`,
  memory: `${Math.round(memoryBytes / 1024)}Ki`,
})

const measured = ({ timeMs, windowMs }: Rate) => ({
  timestamp: formatTime(timeMs),
  window: `${Math.max(1, Math.round(windowMs / 1000))}s`,
})

type Identity = Pick<KubeObject['metadata'], 'name' | 'namespace' | 'labels'>

/** As the object it is about is found: by name, namespace and labels. */
function stored(resource: Resource, identity: Identity, values: object): StoredObject {
  const { name = '', namespace, labels } = identity
  const object = {
    kind: resource.kind,
    apiVersion: `${resource.group}/${resource.version}`,
    metadata: { name, ...(namespace ? { namespace } : {}), ...(labels ? { labels } : {}) },
    ...values,
  }
  const bytes = Buffer.from(JSON.stringify(object))
  return { name, namespace: namespace ?? '', uid: '', revision: 0, labels: labels ?? {}, bytes, object }
}

function nodeObject(node: Node, rates: NodeRates): StoredObject {
  const values: Omit<NodeMetrics, 'metadata'> = { ...measured(rates.node), usage: usageOf(rates.node) }
  return stored(nodeMetrics, node.metadata, values)
}

/** Undefined: none of its containers runs. */
function podObject(pod: Pod, rates: NodeRates | undefined): StoredObject | undefined {
  const found = rates?.pods.find(({ uid }) => uid === pod.metadata.uid)
  const [first] = found?.containers ?? []
  if (!found || !first) return undefined
  const containers = found.containers.map(container => ({ name: container.name, usage: usageOf(container) }))
  const values: Omit<PodMetrics, 'metadata'> = { ...measured(first), containers }
  return stored(podMetrics, pod.metadata, values)
}

const refuse = async (): Promise<never> => {
  const message = 'the server does not allow this method on the requested resource'
  throw new StatusError({ code: 405, reason: 'MethodNotAllowed', message, details: {} })
}

interface Reading {
  readonly resource: Resource
  /** Of the objects that the metrics are about. */
  readonly source: () => Registry
  readonly measure: (objects: readonly KubeObject[]) => Promise<StoredObject[]>
}

function readOnly({ resource, source, measure }: Reading): Registry {
  return {
    resource,
    async get(context: RequestContext, namespace: string, name: string) {
      const { object } = await source().get(context, namespace, name)
      const [found] = await measure([object])
      if (found) return found
      throw notFound(resource, namespace ? `${namespace}/${name}` : name)
    },
    async list(context: RequestContext, { namespace, labelSelector, fieldSelector }: ListOptions) {
      const options = {
        ...(namespace ? { namespace } : {}),
        ...(labelSelector ? { labelSelector } : {}),
        ...(fieldSelector ? { fieldSelector } : {}),
      }
      const { items, resourceVersion } = await source().list(context, options)
      return { items: await measure(items.map(({ object }) => object)), resourceVersion }
    },
    watch: refuse,
    create: refuse,
    update: refuse,
    delete: refuse,
    deleteCollection: refuse,
  }
}

export function createMetricsRegistries({ lookup, connector, clock }: MetricsOptions): readonly Registry[] {
  const sampler = new UsageSampler(connector, clock)
  const nodes = readOnly({
    resource: nodeMetrics,
    source: () => lookup('', 'v1', 'nodes')!,
    async measure(objects) {
      const rates = await Promise.all(objects.map(({ metadata }) => sampler.rates(metadata.name ?? '')))
      return objects.flatMap((node, index) => (rates[index] ? [nodeObject(node as Node, rates[index])] : []))
    },
  })
  const pods = readOnly({
    resource: podMetrics,
    source: () => lookup('', 'v1', 'pods')!,
    async measure(objects) {
      const names = [...new Set(objects.map(pod => (pod as Pod).spec?.nodeName ?? ''))].filter(Boolean)
      const rates = await Promise.all(names.map(async name => [name, await sampler.rates(name)] as const))
      const byNode = new Map(rates)
      return objects.flatMap(
        pod => podObject(pod as Pod, byNode.get((pod as Pod).spec?.nodeName ?? '')) ?? [],
      )
    },
  })
  return [nodes, pods]
}
