// One Pod on one node: brings what runs in line with what the API says, one step at a time, and reports it.
// Woken by changes of the Pod, by containers that end and by its own timer; never works twice at once.
import type { Pod, PodStatus } from '../api/generated/types.ts'
import { formatTime, parseTime } from '../api/meta/timestamps.ts'
import type { Timer } from '../component/clock.ts'
import type { ContainerPlan } from './containerplan.ts'
import { kernelHostname } from './hostname.ts'
import type { KubeletContext } from './kubeletcontext.ts'
import { type Rejection, rejectionOf } from './podadmission.ts'
import { PodContainers } from './podcontainers.ts'
import { PodEvents } from './podevents.ts'
import { type PodStatusInput, planPodStatus } from './podstatus.ts'
import { planPodDNS } from './resolvconf.ts'
import { RuntimeError } from './runtime.ts'
import { checkVolumes, hasVolumeReferences } from './volumes/index.ts'
import { VolumeError } from './volumes/volume.ts'

const firstRetryMs = 500
const lastRetryMs = 122_000
const refreshRetryMs = 10_000
const isFinished = (pod: Pod) => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
/** Whether any container of it was ever started. */
const hasRun = ({ status }: Pod) =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(
    ({ containerID }) => containerID,
  )

export class PodWorker {
  readonly #context: KubeletContext
  readonly #events: PodEvents
  readonly #containers: PodContainers
  #timer: Timer | undefined
  #forgetTimer: Timer | undefined
  #retryMs = 0
  #refreshAfterMs = 0
  #hasAdopted = false
  #isDirty = false
  #isWorking = false
  #isGone = false
  #isKilled = false
  #override: PodStatusInput['override']
  readonly #startTime: string
  readonly #admitted: () => readonly Pod[]
  #isAdmitted: boolean

  /** `admitted`: the Pods of this node that were let in before, and have not come to their end. */
  constructor(pod: Pod, context: KubeletContext, admitted: () => readonly Pod[] = () => []) {
    this.#context = context
    this.#admitted = admitted
    this.#isAdmitted = pod.status?.startTime !== undefined
    this.#events = new PodEvents(context.events)
    this.#containers = new PodContainers(pod, context, { events: this.#events, wake: () => this.wake() })
    this.#startTime = pod.status?.startTime ?? formatTime(context.clock.now())
  }

  get pod(): Pod {
    return this.#containers.pod
  }

  /** It was let in, and takes its place on the node until it has come to its end. */
  get isActive(): boolean {
    return this.#isAdmitted && !isFinished(this.#containers.pod)
  }

  /** The Pod as the API has it now; an older one changes nothing. */
  update(pod: Pod): void {
    if (Number(pod.metadata.resourceVersion) < Number(this.#containers.pod.metadata.resourceVersion)) return
    const ownWrite = pod.metadata.resourceVersion === this.#containers.pod.metadata.resourceVersion
    this.#containers.pod = pod
    if (pod.metadata.deletionTimestamp) this.#containers.interrupt()
    if (!ownWrite) this.wake()
  }

  /** Looks again, soon. */
  wake(): void {
    this.#isDirty = true
    if (!this.#isWorking && !this.#isGone) void this.#work()
  }

  /** The Pod exists no more: nothing of it is left running, after another try where that is needed. */
  async forget(): Promise<void> {
    this.detach()
    try {
      await this.#context.runtime.removePod(this.#uid)
      await this.#removeVolumes()
    } catch (error) {
      this.#context.log.warn('a Pod could not be removed yet', { pod: this.#key, error: String(error) })
      // Not the timer of the work that may just be coming to its end.
      this.#forgetTimer = this.#context.clock.after(this.#nextRetryMs(), () => void this.forget())
    }
  }

  /** Lets go of timers; what runs goes on. */
  detach(): void {
    this.#isGone = true
    this.#forgetTimer?.cancel()
    this.#timer?.cancel()
    this.#containers.stopProbes()
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    try {
      while (this.#isDirty && !this.#isGone) {
        this.#isDirty = false
        await this.#tracedSync()
        this.#context.log.debug('a Pod is as it should be', { pod: this.#key, node: this.#context.node.name })
      }
    } catch (error) {
      this.#context.log.debug('a Pod could not be synchronised', { pod: this.#key, error: String(error) })
      this.#retry()
    } finally {
      this.#isWorking = false
    }
  }

  #tracedSync(): Promise<void> {
    const { tracer, node } = this.#context
    if (!tracer) return this.#measuredSync()
    const attributes = { 'futago.key': this.#key, 'k8s.pod.uid': this.#uid, 'k8s.node.name': node.name }
    return tracer.run('sync pod', { attributes, isRoot: true }, () => this.#measuredSync())
  }

  async #measuredSync(): Promise<void> {
    const { metrics, clock } = this.#context
    if (!metrics) return this.#sync()
    const operation = this.#containers.pod.metadata.deletionTimestamp ? 'terminating' : 'sync'
    const began = clock.monotonic()
    try {
      await this.#sync()
    } finally {
      metrics.podWorked(operation, (clock.monotonic() - began) / 1000)
    }
  }

  get #key(): string {
    return `${this.#containers.pod.metadata.namespace}/${this.#containers.pod.metadata.name}`
  }

  get #uid(): string {
    return this.#containers.pod.metadata.uid ?? ''
  }

  #nextRetryMs(): number {
    this.#retryMs = Math.min(Math.max(firstRetryMs, this.#retryMs * 2), lastRetryMs)
    return this.#retryMs
  }

  #retry(): void {
    this.#wakeAfter(this.#nextRetryMs())
  }

  #wakeAfter(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#context.clock.after(Math.max(0, delayMs), () => this.wake())
  }

  async #sync(): Promise<void> {
    const pod = this.#containers.pod
    if (pod.metadata.deletionTimestamp) return this.#terminate()
    if (isFinished(pod)) return this.#finish()
    const rejection = this.#isAdmitted ? undefined : rejectionOf(pod, this.#admitted)
    if (rejection) return this.#reject(rejection)
    this.#isAdmitted = true
    const deadlineMs = this.#deadlineMs()
    if (deadlineMs <= this.#context.clock.now()) return this.#exceedDeadline()
    this.#noticeLostSandbox()
    if (!(await this.#prepare())) return
    await this.#refreshVolumes()
    const plan = await this.#containers.run()
    if (plan.stage === 'completed' || plan.stage === 'failed') await this.#containers.stopAll()
    await this.#report()
    this.#retryMs = 0
    this.#armTimer(plan, deadlineMs)
  }

  #armTimer(plan: ContainerPlan, deadlineMs: number): void {
    const { volumes } = this.#context
    const renewalMs = volumes?.renewalMs(this.#uid) ?? Number.POSITIVE_INFINITY
    const due = Math.min(deadlineMs, renewalMs, ...plan.backOff.values(), this.#containers.probeDueMs)
    if (due === Number.POSITIVE_INFINITY) this.#timer?.cancel()
    else this.#wakeAfter(due - this.#context.clock.now())
  }

  #deadlineMs(): number {
    const seconds = this.#containers.pod.spec?.activeDeadlineSeconds
    if (seconds === undefined) return Number.POSITIVE_INFINITY
    return (parseTime(this.#startTime) ?? 0) + seconds * 1000
  }

  #noticeLostSandbox(): void {
    if (this.#containers.podIPs.length === 0 || this.#context.runtime.hasSandbox(this.#uid)) return
    const text = 'Pod sandbox changed, it will be killed and re-created.'
    this.#events.note(this.#containers.pod, 'SandboxChanged', text)
    this.#containers.loseSandbox()
  }

  /** Volumes and sandbox; false when the Pod has to wait for them. */
  async #prepare(): Promise<boolean> {
    if (this.#containers.podIPs.length > 0) return true
    try {
      await this.#setUpVolumes()
      this.#containers.podIPs = await this.#createSandbox()
      if (!this.#hasAdopted) await this.#containers.adopt()
      this.#hasAdopted = true
      return true
    } catch (error) {
      if (error instanceof VolumeError) this.#events.failedMount(this.#containers.pod, error.message)
      else if (error instanceof RuntimeError)
        this.#events.warn(this.#containers.pod, error.reason, error.message)
      else throw error
      await this.#report()
      this.#retry()
      return false
    }
  }

  async #setUpVolumes(): Promise<void> {
    const { references, volumes } = this.#context
    const { pod } = this.#containers
    if (volumes) await volumes.update(pod)
    else if (hasVolumeReferences(pod)) await checkVolumes({ pod, references })
  }

  /** What cannot be brought up to date stays as it is, and is tried again later. */
  async #refreshVolumes(): Promise<void> {
    const { volumes, clock, log } = this.#context
    const { pod } = this.#containers
    if (!volumes || volumes.isCurrent(pod) || this.#refreshAfterMs > clock.now()) return
    try {
      await volumes.update(pod)
    } catch (error) {
      this.#refreshAfterMs = clock.now() + refreshRetryMs
      if (error instanceof VolumeError) this.#events.failedMount(pod, error.message)
      else log.warn('volumes could not be updated', { pod: this.#key, error: String(error) })
    }
  }

  async #removeVolumes(): Promise<void> {
    const { volumes, log } = this.#context
    await volumes?.remove(this.#uid).catch(error => {
      log.warn('volumes could not be removed', { pod: this.#key, error: String(error) })
      throw error
    })
  }

  #createSandbox(): Promise<readonly string[]> {
    const { pod } = this.#containers
    const { runtime, node, dns } = this.#context
    const { config, warnings } = planPodDNS(pod, dns)
    for (const warning of warnings) this.#events.warn(pod, 'DNSConfigForming', warning)
    return runtime.createSandbox(pod, {
      hostname: kernelHostname(pod, node.name, dns.clusterDomain),
      dns: config,
    })
  }

  async #reject({ reason, message }: Rejection): Promise<void> {
    this.#events.warn(this.#containers.pod, reason, message)
    await this.#end({ phase: 'Failed', reason, message: `Pod was rejected: ${message}` })
  }

  async #exceedDeadline(): Promise<void> {
    await this.#end({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    })
  }

  async #end(override: NonNullable<PodStatusInput['override']>): Promise<void> {
    this.#override = override
    await this.#containers.stopAll()
    await this.#report()
    await this.#context.runtime.stopSandbox(this.#uid)
    await this.#removeVolumes()
  }

  /** A Pod that has come to its end keeps its logs, not its addresses. */
  async #finish(): Promise<void> {
    this.#timer?.cancel()
    this.#containers.stopProbes()
    await this.#context.runtime.stopSandbox(this.#uid)
    await this.#removeVolumes()
  }

  async #terminate(): Promise<void> {
    const { client, runtime } = this.#context
    if (this.#isKilled) return
    const hadSandbox = this.#containers.podIPs.length > 0
    if (!hadSandbox && hasRun(this.#containers.pod) && !isFinished(this.#containers.pod))
      await this.#readopt()
    await this.#containers.stopAll()
    if (hadSandbox && !isFinished(this.#containers.pod)) await this.#report()
    await runtime.stopSandbox(this.#uid)
    await this.#removeVolumes()
    if (this.#isGone) return
    await client.deletePod(this.#containers.pod)
    this.#isKilled = true
    this.#timer?.cancel()
  }

  /** What runs since before a restart of the kubelet; nothing does when there can be no sandbox. */
  async #readopt(): Promise<void> {
    try {
      this.#containers.podIPs = await this.#createSandbox()
      await this.#containers.adopt()
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      this.#context.log.debug('a Pod that ends has no sandbox', { pod: this.#key, error: String(error) })
    }
  }

  /** Writes the status if it says anything new. */
  async #report(): Promise<void> {
    if (this.#isGone) return
    const { clock, node, client } = this.#context
    const status: PodStatus = planPodStatus({
      pod: this.#containers.pod,
      records: this.#containers.records,
      podIPs: this.#containers.podIPs,
      hostIPs: node.addresses,
      startTime: this.#startTime,
      nowMs: clock.now(),
      ...(this.#override ? { override: this.#override } : {}),
    })
    const written = await client.writeStatus(this.#containers.pod, status)
    if (
      written &&
      Number(written.metadata.resourceVersion) > Number(this.#containers.pod.metadata.resourceVersion)
    ) {
      const changed = written.metadata.deletionTimestamp && !this.#containers.pod.metadata.deletionTimestamp
      this.#containers.pod = written
      if (changed) this.#isDirty = true
    }
  }
}
