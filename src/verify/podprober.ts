// The implementation of the Prober: makes the Pods, follows them, reads their logs.
import type { Pod } from '../api/generated/types.ts'
import { pathOf } from '../api/resource.ts'
import { pods } from '../api/resources/core/pod.ts'
import { isForbidden, StatusError } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { Clock } from '../component/clock.ts'
import type { Inventory } from './inventory.ts'
import { podTrouble } from './podtrouble.ts'
import { ProbeError } from './probeerror.ts'
import {
  liveMain,
  mark,
  type ProbePodOptions,
  parseScriptLog,
  probePod,
  type ScriptOutput,
  scriptsMain,
  scriptVariables,
  serverMain,
} from './probepod.ts'
import type { Prober, ProbeServer, ScriptOptions, ScriptResult, ServerOptions } from './prober.ts'
import type { Scratch } from './scratch.ts'
import type { VerifySettings } from './settings.ts'

/** How long to wait for more scripts for a node before its Pod is made. */
const gatheringMs = 40
const mostScriptsPerPod = 48
/** Pulling the image included. */
const startMs = 90_000
const readyMs = 20_000
/** A log that cannot be read for so long is gone. */
const lostMs = 6000
const scriptMs = 60_000
const pollMs = 250
/** So often the log is read between two looks at whether its container has ended. */
const readsPerLook = 8
const livePollMs = 80

export interface PodProberOptions {
  readonly client: Client
  readonly clock: Clock
  readonly settings: VerifySettings
  readonly inventory: Inventory
  readonly scratch: Scratch
  readonly hasHostIPs: boolean
  /** The whole run's. */
  readonly signal: AbortSignal
}

interface Waiting {
  readonly script: string
  readonly options: ScriptOptions
  resolve(result: ScriptResult): void
  reject(error: unknown): void
}

interface PodPlan {
  readonly check: string
  readonly node: string
  readonly labels: Readonly<Record<string, string>>
  readonly hostNetwork: boolean
  readonly main: string
  readonly env?: ProbePodOptions['env']
  readonly ports?: ProbePodOptions['ports']
  readonly onRunning?: (pod: Pod) => void
}

const httpPort = 8080
const udpPort = 8081
/** Servers in a node's network take ports above, one pair after the other. */
const firstHostPort = 23_080

export class PodProber implements Prober {
  readonly serverLabels = { 'verify.futago.dev/server': 'shared' }
  readonly #options: PodProberOptions
  readonly #queues = new Map<string, Waiting[]>()
  #servers: Promise<readonly ProbeServer[]> | undefined
  #hostPorts = 0
  /** Once no probe Pod can start, none will: each check is told at once. */
  #hopeless: ProbeError | undefined
  #serversError: Error | undefined

  constructor(options: PodProberOptions) {
    this.#options = options
  }

  servers(): Promise<readonly ProbeServer[]> {
    this.#servers ??= this.#startServers().catch(error => {
      this.#serversError = error
      throw error
    })
    return this.#servers
  }

  /** Why nothing could be probed, when probes were asked for and could not start. */
  get obstacle(): Error | undefined {
    return this.#hopeless ?? this.#serversError
  }

  async #startServers(): Promise<readonly ProbeServer[]> {
    const nodes = await this.#options.inventory.sampledNodes()
    if (nodes.length === 0) {
      throw new ProbeError({
        en: 'no node is Ready and takes Pods, so nothing can be probed',
        ja: 'Ready でPodを受け入れるノードがないため、プローブを実行できません',
      })
    }
    return Promise.all(
      nodes.map(({ metadata }) =>
        this.startServer({ check: 'server', node: metadata.name ?? '', labels: this.serverLabels }),
      ),
    )
  }

  async startServer({
    check,
    node,
    labels,
    hostNetwork = false,
    signal,
  }: ServerOptions): Promise<ProbeServer> {
    const offset = hostNetwork ? 2 * this.#hostPorts++ : 0
    const http = hostNetwork ? firstHostPort + offset : httpPort
    const udp = hostNetwork ? firstHostPort + offset + 1 : udpPort
    const main = serverMain(http, udp)
    const ports = { http, udp }
    const plan = { check, node, labels, hostNetwork, main, ports }
    const pod = await this.#startUntilReady(plan, signal)
    return { node, pod, addresses: addressesOf(pod), httpPort: http, udpPort: udp }
  }

  /**
   * A server that does not come up at all is replaced once: on a busy node a container may start crippled.
   */
  async #startUntilReady(plan: PodPlan, signal: AbortSignal | undefined): Promise<Pod> {
    for (let attempt = 1; ; attempt++) {
      const pod = await this.#startPod(plan, signal)
      const timeoutMs = attempt === 1 ? readyMs : startMs
      try {
        await this.#readLog(pod, log => log.includes(`${mark} ready`), { timeoutMs, signal })
        return pod
      } catch (error) {
        if (attempt > 1 || !(error instanceof ProbeError)) throw error
        const { name = '', namespace } = pod.metadata
        await this.#options.scratch.remove(pods, name, namespace)
      }
    }
  }

  run(script: string, options: ScriptOptions): Promise<ScriptResult> {
    return new Promise((resolve, reject) => {
      const waiting = { script, options, resolve, reject }
      if (options.labels || options.onRunning || options.onOutput) return void this.#runAll([waiting])
      const key = `${options.node} ${options.hostNetwork ?? false}`
      const queue = this.#queues.get(key)
      if (queue) queue.push(waiting)
      else {
        this.#queues.set(key, [waiting])
        this.#options.clock.after(gatheringMs, () => this.#flush(key))
      }
    })
  }

  #flush(key: string): void {
    const queue = this.#queues.get(key) ?? []
    this.#queues.delete(key)
    while (queue.length > 0) void this.#runAll(queue.splice(0, mostScriptsPerPod))
  }

  /** A node can lose the log of a container, and with it what the scripts said: they run once more then. */
  async #runAll(waiting: readonly Waiting[], attempt = 1): Promise<void> {
    const { check, node, labels = {}, hostNetwork = false, onRunning, onOutput, signal } = waiting[0]!.options
    const plan = {
      check: waiting.length === 1 ? check : 'scripts',
      node,
      labels,
      hostNetwork,
      main: onOutput ? liveMain : scriptsMain(waiting.length),
      env: scriptVariables(waiting.map(({ script }) => script)),
      onRunning,
    }
    const own = waiting.length === 1 ? signal : undefined
    const told = new Set<number>()
    try {
      const pod = await this.#startPod(plan, own)
      const podIPs = addressesOf(pod)
      const timeoutMs = Math.max(...waiting.map(({ options }) => options.timeoutMs ?? scriptMs))
      const tell = (outputs: ReadonlyMap<number, ScriptOutput>) => {
        for (const [index, output] of outputs) {
          if (!told.has(index)) waiting[index]?.resolve({ ...output, podIPs })
          told.add(index)
        }
        return told.size === waiting.length
      }
      const isEnough = (log: string) => {
        onOutput?.(log)
        return tell(parseScriptLog(log))
      }
      await this.#readLog(pod, isEnough, { timeoutMs, signal: own, pollMs: onOutput ? livePollMs : pollMs })
      const { name = '', namespace } = pod.metadata
      void this.#options.scratch.remove(pods, name, namespace).catch(() => undefined)
    } catch (error) {
      const rest = waiting.filter((_, index) => !told.has(index))
      const canRepeat = rest.every(({ options }) => !options.onRunning && !options.onOutput)
      if (error instanceof ProbeError && error.isAccident && attempt === 1 && canRepeat)
        return this.#runAll(rest, attempt + 1)
      for (const { reject } of rest) reject(error)
    }
  }

  /** Resolves as soon as it runs, or has ended. */
  async #startPod(plan: PodPlan, signal?: AbortSignal): Promise<Pod> {
    if (this.#hopeless) throw this.#hopeless
    const { scratch, settings, hasHostIPs } = this.#options
    const { check, node, labels, hostNetwork, main, env = [], ports } = plan
    const namespace = await (hostNetwork ? scratch.hostNamespace() : scratch.namespace())
    const generateName = `${check.toLowerCase()}-`
    const made = await scratch.create(
      pods,
      probePod({
        generateName,
        namespace,
        node,
        labels,
        hostNetwork,
        settings,
        hasHostIPs,
        main,
        env,
        ports,
      }),
      check,
    )
    const name = made.metadata.name ?? ''
    let last = made
    try {
      const pod = await scratch.waitFor(pods, name, {
        namespace,
        until: current => {
          last = current
          this.#failEarly(current)
          return hasStarted(current)
        },
        timeoutMs: startMs,
        signal: this.#signal(signal),
      })
      plan.onRunning?.(pod)
      return pod
    } catch (error) {
      if (error instanceof ProbeError) throw error
      this.#signal(signal).throwIfAborted()
      throw podTrouble(last, settings.image, startMs) ?? error
    }
  }

  #failEarly(pod: Pod): void {
    const trouble = podTrouble(pod, this.#options.settings.image)
    if (!trouble) return
    this.#hopeless = trouble
    throw trouble
  }

  /** Reads the log until it says enough, at the latest when the container has ended. */
  async #readLog(
    pod: Pod,
    isEnough: (log: string) => boolean,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly pollMs?: number },
  ): Promise<void> {
    const { client, clock } = this.#options
    const { namespace, name = '' } = pod.metadata
    const path = pathOf(pods, namespace, name, 'log')
    const deadline = clock.monotonic() + options.timeoutMs
    const signal = this.#signal(options.signal)
    let trouble = ''
    let troubledSince: number | undefined
    let isOver = false
    for (let reads = 1; ; reads++) {
      signal.throwIfAborted()
      const log = await client.transport
        .request<unknown>({ method: 'GET', path, signal })
        .then(({ body }) => {
          const text = String(body)
          if (isGone(text)) throw new StatusError({ code: 404, reason: 'NotFound', message: text.trim() })
          troubledSince = undefined
          return text
        })
        .catch(error => {
          if (!(error instanceof StatusError) || isForbidden(error)) throw error
          trouble = error.message
          troubledSince ??= clock.monotonic()
          return ''
        })
      if (isEnough(log)) return
      if (isOver) throw lostLog(pod, 'its container has ended, and part of what it said is missing')
      if (troubledSince !== undefined && clock.monotonic() - troubledSince > lostMs)
        throw lostLog(pod, trouble)
      if (clock.monotonic() > deadline)
        throw unfinished(pod, options.timeoutMs, log.slice(-lastWords) || trouble)
      await clock.sleep(options.pollMs ?? pollMs, signal)
      if (reads % readsPerLook === 0) isOver = await this.#hasEnded(pod)
    }
  }

  /** Whatever its log lacks after that will not come. */
  async #hasEnded({ metadata }: Pod): Promise<boolean> {
    const { namespace, name = '' } = metadata
    const { status } = await this.#options.client.get(pods, { namespace, name })
    return status?.phase === 'Succeeded' || status?.phase === 'Failed'
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#options.signal]) : this.#options.signal
  }
}

const hasStarted = ({ status }: Pod) =>
  (status?.podIPs?.length ?? 0) > 0 && status?.phase !== undefined && status.phase !== 'Pending'

const addressesOf = ({ status }: Pod) => (status?.podIPs ?? []).map(({ ip }) => ip)

/** What kubelets answer, as if it were the log, when the file is not there (any more). */
const isGone = (log: string) =>
  /^(unable to retrieve container logs|failed to try resolving symlinks)/.test(log)

const lostLog = (pod: Pod, trouble: string) =>
  new ProbeError(
    {
      en: `the log of the probe Pod ${pod.metadata.name} cannot be read: ${trouble}`,
      ja: `プローブPod ${pod.metadata.name} のログを読み取れません: ${trouble}`,
    },
    { isAccident: true },
  )

/** So much of a log says what it hangs at. */
const lastWords = 120

function unfinished(pod: Pod, timeoutMs: number, said: string): ProbeError {
  const { name } = pod.metadata
  const node = pod.spec?.nodeName ?? ''
  const seconds = timeoutMs / 1000
  return new ProbeError({
    en: `the probe Pod ${name} on node ${node} did not end within ${seconds} s (its log: ${said || 'empty'})`,
    ja: `ノード ${node} のプローブPod ${name} が ${seconds} 秒以内に終わりませんでした（ログ: ${said || '空'}）`,
  })
}
