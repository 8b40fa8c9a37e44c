// Broken clusters for the tests of checks: a real one in one process (API server, controllers, scheduler,
// simulated nodes) seen through a Transport that tampers with what goes by, as a broken kubelet, controller,
// CNI plugin or webhook would have it.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pod, Service } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import { daemonSets } from '../api/resources/apps/daemonset.ts'
import { deployments } from '../api/resources/apps/deployment.ts'
import { pods } from '../api/resources/core/pod.ts'
import { services } from '../api/resources/core/service.ts'
import { endpointSlices } from '../api/resources/discovery.k8s.io/endpointslice.ts'
import { notFound } from '../api/status.ts'
import type { Transport, TransportRequest, TransportWatchEvent, WatchHandlers } from '../api/transport.ts'
import { Client } from '../client/client.ts'
import { waitForObject } from '../client/waitfor.ts'
import { startCluster } from '../cluster/cluster.ts'
import { type Clock, systemClock } from '../component/clock.ts'
import type { IPFamilies } from '../ip/family.ts'
import type { Check } from './check.ts'
import { checks } from './checks/index.ts'
import type { Report } from './report.ts'
import { needsOf } from './rights.ts'
import type { VerifySettings } from './settings.ts'
import type { Outcome } from './verdict.ts'
import { runChecks } from './verify.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests change any field of any object
type Loose = any

/** What is wrong with a cluster. Keys are resources as in paths: `nodes`, `services`. */
export interface Break {
  /** Changes an object in place, wherever it is read; `null` hides it. */
  readonly change?: Readonly<Record<string, (object: Loose) => unknown>>
  /** Objects that lists have besides. */
  readonly add?: Readonly<Record<string, readonly KubeObject[]>>
  /** Changes what is sent, in place, as a mutating webhook does; may throw, as a validating one does. */
  readonly send?: Readonly<Record<string, (body: Loose, request: TransportRequest) => void>>
  /** Changes texts, such as logs. */
  readonly text?: (text: string) => string
  /** Answers that are no objects: path -> body. */
  readonly answer?: Readonly<Record<string, unknown>>
}

interface Target {
  readonly resource: string
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

/** `/api/v1/namespaces/x/pods/y/log` -> pods, y, log. */
function targetOf(path: string): Target {
  const [, root, ...rest] = path.split('/')
  const parts = rest.slice(root === 'api' ? 1 : 2)
  const inner = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts
  return { resource: inner[0] ?? '', name: inner[1], subresource: inner[2] }
}

class TamperingTransport implements Transport {
  readonly #inner: Transport
  readonly #break: Break

  constructor(inner: Transport, broken: Break) {
    this.#inner = inner
    this.#break = broken
  }

  async request<T>(request: TransportRequest) {
    const { resource, name } = targetOf(request.path)
    const { send, answer } = this.#break
    if (answer && request.path in answer) {
      return { status: 200, warnings: [], body: structuredClone(answer[request.path]) as T }
    }
    const body = structuredClone(request.body)
    if (request.method !== 'GET' && request.method !== 'DELETE') send?.[resource]?.(body, request)
    const response = await this.#inner.request<T>(body === undefined ? request : { ...request, body })
    return { ...response, body: this.#read(response.body, resource, name) as T }
  }

  async watch<T>(request: TransportRequest, handlers: WatchHandlers<T>) {
    const { resource, name } = targetOf(request.path)
    return this.#inner.watch<T>(request, {
      onEnd: handlers.onEnd,
      onEvents: events => {
        const seen = events.map(({ type, object }) => ({ type, object: this.#read(object, resource, name) }))
        handlers.onEvents(seen.filter(({ object }) => object !== null) as TransportWatchEvent<T>[])
      },
    })
  }

  #read(body: unknown, resource: string, name: string | undefined): unknown {
    const { text, change, add } = this.#break
    if (typeof body === 'string') return text ? text(body) : body
    if (!change?.[resource] && !add?.[resource]) return body
    const object = structuredClone(body) as Loose
    if (Array.isArray(object?.items)) {
      const items = object.items.filter((item: Loose) => change?.[resource]?.(item) !== null)
      return { ...object, items: [...items, ...(add?.[resource] ?? [])] }
    }
    if (object?.kind === 'Status') return object
    if (change?.[resource]?.(object) === null) {
      throw notFound({ group: '', resource }, name ?? object?.metadata?.name ?? '')
    }
    return object
  }
}

const pauseFactor = 50

/** Pauses are short; with a factor, so are time limits, for those who wait for what never comes. */
const hurried = (factor: number): Clock => ({
  ...systemClock,
  after: (delayMs, callback) => systemClock.after(delayMs / factor, callback),
  sleep: (delayMs, signal) => systemClock.sleep(delayMs / pauseFactor, signal),
})

const template = (app: string, rest: object = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...rest },
})

/** A Deployment with a Service, a DaemonSet in the host's network, a Service with a load balancer. */
async function deploy(client: Client, families: IPFamilies): Promise<void> {
  const metadata = { name: 'shop', namespace: 'default' }
  const selector = { matchLabels: { app: 'shop' } }
  await client.create(deployments, { metadata, spec: { replicas: 2, selector, template: template('shop') } })
  await client.create(daemonSets, {
    metadata: { name: 'agent', namespace: 'kube-system' },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent', { hostNetwork: true }) },
  })
  const spec = {
    type: 'LoadBalancer',
    ipFamilyPolicy: families.length > 1 ? 'RequireDualStack' : 'SingleStack',
    ipFamilies: [...families],
    ports: [{ port: 80 }],
    selector: { app: 'shop' },
  }
  await client.create(services, { metadata, spec })
  await settled(client, families)
}

/** All Pods are ready, and endpoints. */
async function settled(client: Client, families: IPFamilies): Promise<void> {
  const isReady = ({ status }: Pod) =>
    status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  for (;;) {
    const { items } = await client.list(pods)
    const slices = (await client.list(endpointSlices, { namespace: 'default' })).items
    const ready = slices
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready)
    if (items.length === 4 && items.every(isReady) && ready.length === 2 * families.length + 1) break
    await systemClock.sleep(5)
  }
  await waitForObject<Service>({
    client,
    clock: systemClock,
    resource: services,
    namespace: 'default',
    name: 'shop',
    until: service => service?.status?.loadBalancer?.ingress?.length === families.length,
    timeoutMs: 20_000,
  })
}

export interface RunOptions {
  readonly settings?: Partial<VerifySettings>
  readonly with?: 'probes' | 'loadBalancers'
  /** How many times shorter time limits are. */
  readonly hurry?: number
}

const isQuiet = (check: Check) => {
  const needs = needsOf(check)
  return !needs.has('probe') && !needs.has('loadBalancer') && !needs.has('outside')
}

/** Two nodes with something on them; `run` looks at it through a break. */
export async function startVerifiedCluster(families: IPFamilies) {
  const stateRoot = mkdtempSync(join(tmpdir(), 'futago-verify-'))
  const cluster = await startCluster(
    { store: 'memory', securePort: 0, nodes: 2, runtime: 'simulated', ipFamilies: families },
    { stateRoot },
  )
  await deploy(cluster.client, families)
  return {
    client: cluster.client,
    stop: () => cluster.stop(),
    /** Without `with`: the checks that start no Pod and no load balancer, which are fast. */
    run(broken: Break = {}, options: RunOptions = {}): Promise<Report> {
      const client = new Client(new TamperingTransport(cluster.client.transport, broken))
      const selected = checks.filter(check => options.with !== undefined || isQuiet(check))
      const settings = { profile: 'full' as const, ...options.settings }
      return runChecks({ client, settings, checks: selected, clock: hurried(options.hurry ?? 1) })
    },
  }
}

/** Ids of the checks that came to this outcome for any family. */
export const idsOf = (report: Report, outcome: Outcome): string[] =>
  report.checks
    .filter(({ families }) => Object.values(families).some(verdict => verdict?.outcome === outcome))
    .map(({ id }) => id)

/** Everything that a person is told about one check, in English. */
export const findingOf = (report: Report, id: string): string =>
  Object.values(report.checks.find(check => check.id === id)?.families ?? {})
    .flatMap(verdict =>
      verdict && 'remedy' in verdict ? [verdict.observed, verdict.cause.en, verdict.remedy.en] : [],
    )
    .join('\n')
