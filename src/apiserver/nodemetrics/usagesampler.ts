// How fast nodes and containers use processors: kubelets tell how much time they have used since they were
// started, so two samples make a rate. Samples are taken when somebody asks, and not more often than they
// mean something.
import type { KubeletConnector, NodeUsage, Usage } from '../../api/kubeletapi.ts'
import { parseTime } from '../../api/meta/timestamps.ts'
import type { Clock } from '../../component/clock.ts'

export interface Rate {
  readonly timeMs: number
  readonly windowMs: number
  readonly cpuNanocores: number
  readonly memoryBytes: number
}

export interface NodeRates {
  readonly node: Rate
  readonly pods: readonly {
    readonly uid: string
    readonly namespace: string
    readonly name: string
    readonly containers: readonly (Rate & { readonly name: string })[]
  }[]
}

interface Samples {
  readonly takenMs: number
  readonly current: Promise<NodeUsage>
  readonly previous: Promise<NodeUsage | undefined>
}

/** As often as metrics-server looks; more often a rate would say little. */
const freshMs = 10_000
const leastWindowMs = 1000

/** Since the sample before, or since the start where there is none of this run. */
export function rateOf(current: Usage, previous: Usage | undefined): Rate {
  const startMs = parseTime(current.startedAt) ?? current.timeMs
  const isSameRun =
    previous !== undefined &&
    previous.startedAt === current.startedAt &&
    current.timeMs - previous.timeMs >= leastWindowMs
  const windowMs = Math.max(leastWindowMs, current.timeMs - (isSameRun ? previous.timeMs : startMs))
  const used = current.cpuNanoseconds - (isSameRun ? previous.cpuNanoseconds : 0)
  return {
    timeMs: current.timeMs,
    windowMs,
    cpuNanocores: Math.max(0, Math.round((used / windowMs) * 1000)),
    memoryBytes: current.memoryWorkingSetBytes,
  }
}

export class UsageSampler {
  readonly #connector: KubeletConnector
  readonly #clock: Clock
  readonly #samples = new Map<string, Samples>()

  constructor(connector: KubeletConnector, clock: Clock) {
    this.#connector = connector
    this.#clock = clock
  }

  /** Undefined: the node's kubelet cannot be asked. */
  async rates(nodeName: string): Promise<NodeRates | undefined> {
    const samples = this.#sample(nodeName)
    const now = await samples.current.catch(() => undefined)
    if (!now) return undefined
    const previous = await samples.previous
    const pods = new Map(previous?.pods.map(pod => [pod.uid, pod]))
    return {
      node: rateOf(now.node, previous?.node),
      pods: now.pods.map(pod => ({
        ...pod,
        containers: pod.containers.map(container => {
          const before = pods.get(pod.uid)?.containers.find(({ name }) => name === container.name)
          return { name: container.name, ...rateOf(container, before) }
        }),
      })),
    }
  }

  #sample(nodeName: string): Samples {
    const known = this.#samples.get(nodeName)
    const nowMs = this.#clock.now()
    if (known && nowMs - known.takenMs < freshMs) return known
    const fresh: Samples = {
      takenMs: nowMs,
      current: this.#connector(nodeName).then(kubelet => kubelet.usage()),
      previous: known ? known.current.catch(() => undefined) : Promise.resolve(undefined),
    }
    fresh.current.catch(() => {
      if (this.#samples.get(nodeName) === fresh) this.#samples.delete(nodeName)
    })
    this.#samples.set(nodeName, fresh)
    return fresh
  }
}
