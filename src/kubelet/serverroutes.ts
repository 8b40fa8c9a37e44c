// What a kubelet answers on its own port: logs and streams of containers, its Pods, metrics. Paths and
// parameters are upstream's (pkg/kubelet/server), so that other API servers and collectors find their way.
import type { Readable } from 'node:stream'
import type { Pod } from '../api/generated/types.ts'
import type { ContainerReference, LogOptions } from '../api/kubeletapi.ts'
import { badRequest, StatusError } from '../api/status.ts'
import type { Clock } from '../component/clock.ts'
import { formatMetrics, type MetricSet } from '../component/metrics.ts'
import { processMetrics } from '../component/processmetrics.ts'
import { serveCommand } from '../streaming/command.ts'
import { servePortForward } from '../streaming/portforward.ts'
import type { UpgradeAnswer, UpgradeRequest } from '../streaming/upgrade.ts'
import { formatContainerMetrics } from './cadvisormetrics.ts'
import type { Kubelet } from './kubelet.ts'
import { stateMetrics } from './kubeletmetrics.ts'
import { formatResourceMetrics, usageSummary } from './usagemetrics.ts'

export interface KubeletRequest extends UpgradeRequest {
  readonly query: URLSearchParams
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

export interface BodyAnswer {
  readonly type: 'body'
  readonly contentType: string
  readonly body: string | Readable
}

export type KubeletAnswer = BodyAnswer | UpgradeAnswer

interface Asked {
  readonly request: KubeletRequest
  readonly kubelet: Kubelet
  readonly clock: Clock
  readonly metrics?: MetricSet | undefined
  /** What follows the route's own path, decoded. */
  readonly rest: readonly string[]
}

type Route = (asked: Asked) => Promise<KubeletAnswer> | KubeletAnswer

const missing = (message: string) => new StatusError({ code: 404, reason: 'NotFound', message })
const text = (body: string): BodyAnswer => ({ type: 'body', contentType: 'text/plain; charset=utf-8', body })
const json = (value: object): BodyAnswer => ({
  type: 'body',
  contentType: 'application/json',
  body: JSON.stringify(value),
})

function podOf(kubelet: Kubelet, [namespace, name, uid]: readonly (string | undefined)[]): Pod {
  const found = kubelet.pods.find(
    ({ metadata }) =>
      metadata.namespace === namespace && metadata.name === name && (!uid || metadata.uid === uid),
  )
  if (found) return found
  throw missing(`pod ${name} does not exist`)
}

const referenceOf = ({ metadata }: Pod, container: string): ContainerReference => ({
  namespace: metadata.namespace ?? '',
  pod: metadata.name ?? '',
  uid: metadata.uid ?? '',
  container,
})

/** `namespace/pod/container` or `namespace/pod/uid/container`. */
function containerOf({ kubelet, rest }: Asked): ContainerReference {
  if (rest.length !== 3 && rest.length !== 4) throw missing('404 page not found')
  const [namespace, name, uid] = rest
  const container = rest.at(-1) ?? ''
  const pod = podOf(kubelet, [namespace, name, rest.length === 4 ? uid : undefined])
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {}
  const all = [...containers, ...initContainers, ...ephemeralContainers]
  if (!all.some(other => other.name === container)) {
    throw missing(`container "${container}" not found in pod "${name}"`)
  }
  return referenceOf(pod, container)
}

const flag = (query: URLSearchParams, name: string) => /^(1|t|true)$/i.test(query.get(name) ?? '')

function integer(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name)
  if (value === null || value === '') return undefined
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw badRequest(`the parameter ${name} is no number: ${value}`)
}

function logOptionsOf(query: URLSearchParams): LogOptions {
  const numbers = Object.fromEntries(
    (['tailLines', 'limitBytes', 'sinceSeconds'] as const).flatMap(name => {
      const value = integer(query, name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
  const sinceTime = query.get('sinceTime')
  return {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    ...numbers,
    ...(sinceTime ? { sinceTime } : {}),
  }
}

/** The kubelet's own names for the streams. */
function selectionOf(query: URLSearchParams) {
  const tty = flag(query, 'tty')
  const selection = {
    stdin: flag(query, 'input'),
    stdout: flag(query, 'output'),
    stderr: flag(query, 'error') && !tty,
    tty,
  }
  if (selection.stdin || selection.stdout || selection.stderr) return selection
  throw badRequest('you must specify at least 1 of stdin, stdout, stderr')
}

async function containerLogs(asked: Asked): Promise<KubeletAnswer> {
  const { kubelet, request } = asked
  const options = logOptionsOf(request.query)
  const body = await kubelet.logs(containerOf(asked), options, request.signal)
  return { type: 'body', contentType: 'text/plain', body }
}

function exec(asked: Asked): Promise<KubeletAnswer> {
  const { kubelet, clock, request } = asked
  const container = containerOf(asked)
  const selection = selectionOf(request.query)
  const command = request.query.getAll('command')
  return serveCommand({
    request,
    clock,
    selection,
    start: () => kubelet.exec(container, { ...selection, command }),
  })
}

function attach(asked: Asked): Promise<KubeletAnswer> {
  const { kubelet, clock, request } = asked
  const container = containerOf(asked)
  const selection = selectionOf(request.query)
  return serveCommand({ request, clock, selection, start: () => kubelet.attach(container, selection) })
}

function portForward({ kubelet, clock, request, rest }: Asked): Promise<KubeletAnswer> {
  const pod = referenceOf(podOf(kubelet, rest), '')
  return servePortForward(request, async () => ({
    clock,
    ports: request.query.getAll('port'),
    target: `pod ${pod.pod}, uid ${pod.uid}`,
    connect: port => kubelet.portForward(pod, port),
  }))
}

function ownMetrics({ kubelet, metrics }: Asked): BodyAnswer {
  const own = [...stateMetrics(kubelet), ...processMetrics()].map(metric => metric.collect())
  return text(formatMetrics([...own, ...(metrics?.collect() ?? [])]))
}

const podList = ({ kubelet }: Asked) =>
  json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: kubelet.pods })

/** By path; what follows a slash at the end is the route's own. */
const routes: readonly (readonly [path: string, route: Route])[] = [
  ['/healthz', () => text('ok')],
  ['/healthz/ping', () => text('ok')],
  ['/healthz/syncloop', () => text('ok')],
  ['/pods', podList],
  ['/containerLogs/', containerLogs],
  ['/exec/', exec],
  ['/attach/', attach],
  ['/portForward/', portForward],
  ['/stats/summary', async ({ kubelet }) => json(usageSummary(kubelet.name, await kubelet.usage()))],
  ['/metrics/resource', async ({ kubelet }) => text(formatResourceMetrics(await kubelet.usage()))],
  [
    '/metrics/cadvisor',
    async ({ kubelet }) => text(formatContainerMetrics(kubelet.pods, await kubelet.usage())),
  ],
  ['/metrics', ownMetrics],
]

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw badRequest(`invalid URL escape in the path ${JSON.stringify(part)}`)
  }
}

/** Throws a StatusError. */
export async function answerRequest(
  request: KubeletRequest,
  parts: Pick<Asked, 'kubelet' | 'clock' | 'metrics'>,
): Promise<KubeletAnswer> {
  const path = request.path.replace(/(.)\/$/, '$1')
  const found = routes.find(([own]) => (own.endsWith('/') ? path.startsWith(own) : path === own))
  if (!found) throw missing('404 page not found')
  const [own, route] = found
  const rest = path.slice(own.length).split('/').filter(Boolean).map(unescaped)
  return route({ ...parts, request, rest })
}
