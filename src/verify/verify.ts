// runChecks: finds out what the cluster is, decides which checks can run (profile, needs, rights, what they
// build on), runs them side by side, and makes the Report. Whatever happens, the scratch namespace goes.
import { randomBytes } from 'node:crypto'
import type { Client } from '../client/client.ts'
import { type Clock, systemClock } from '../component/clock.ts'
import { futagoVersion } from '../component/version.ts'
import { type Check, profiles } from './check.ts'
import { CheckRuns, type SharedContext } from './checkruns.ts'
import { checks as catalogue } from './checks/index.ts'
import { type Host, thisMachine } from './host.ts'
import { openInventory } from './inventory.ts'
import { keepAlive } from './keepalive.ts'
import { detectMode, expectedFamilies } from './mode.ts'
import { type Owner, thisProcess } from './owner.ts'
import { PodProber } from './podprober.ts'
import type { Reachability, Report, RunEvent } from './report.ts'
import { missingRights, needsOf, Rights } from './rights.ts'
import { Scratch } from './scratch.ts'
import { defaultSettings, type VerifySettings } from './settings.ts'
import { summarize } from './summary.ts'
import { sweep } from './sweep.ts'

export interface RunOptions {
  readonly client: Client
  readonly settings?: Partial<VerifySettings>
  /** Default: the catalogue. Add your own: `[...checks, mine]`. */
  readonly checks?: readonly Check[]
  /** For the report: where the client connects to. */
  readonly server?: string
  readonly context?: string
  readonly onEvent?: (event: RunEvent) => void
  /** Aborted: the checks end, what was made is removed, and the report says that it is not whole. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly host?: Host
  readonly owner?: Owner
}

/** The downward API's `status.hostIPs` (KEP-2681) is on by default since. */
const firstMinorWithHostIPs = 29

interface ServerVersion {
  readonly major: string
  readonly minor: string
  readonly gitVersion: string
}

/** `1` and `20+` of some vendors; builds from source may say it only in `v1.20.2`. */
export function parseVersion({ major, minor, gitVersion }: ServerVersion) {
  const [, first = '', second = ''] = /^v?(\d+)\.(\d+)/.exec(gitVersion) ?? []
  return {
    major: Number.parseInt(major || first, 10),
    minor: Number.parseInt(minor || second, 10),
    gitVersion,
  }
}

/** The checks of the profile, or those that were asked for by id, in the order of the catalogue. */
export function selectChecks(
  all: readonly Check[],
  { profile, only, skip }: Pick<VerifySettings, 'profile' | 'only' | 'skip'>,
): Check[] {
  const isInProfile = (check: Check) => profiles.indexOf(check.profile) <= profiles.indexOf(profile)
  const isChosen = (check: Check) => (only.length > 0 ? only.includes(check.id) : isInProfile(check))
  return all.filter(check => isChosen(check) && !skip.includes(check.id))
}

class Run {
  readonly #client: Client
  readonly #settings: VerifySettings
  readonly #clock: Clock
  readonly #owner: Owner
  readonly #options: RunOptions
  readonly #began: number
  readonly #startedAt: string
  readonly #stopping = new AbortController()
  readonly #selected: readonly Check[]
  readonly #reachability: Reachability[] = []
  #prober: PodProber | undefined

  constructor(options: RunOptions) {
    this.#options = options
    this.#client = options.client
    this.#settings = { ...defaultSettings, ...options.settings }
    this.#clock = options.clock ?? systemClock
    this.#owner = options.owner ?? thisProcess()
    this.#began = this.#clock.monotonic()
    this.#startedAt = new Date(this.#clock.now()).toISOString()
    this.#selected = selectChecks(options.checks ?? catalogue, this.#settings)
  }

  async run(): Promise<Report> {
    const { signal } = this.#options
    const onAbort = () => this.#stopping.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    const { timeoutMs } = this.#settings
    const timer = this.#clock.after(timeoutMs, () =>
      this.#stopping.abort(new Error(`not finished within ${timeoutMs / 1000} s (--timeout)`)),
    )
    const release = keepAlive()
    try {
      return await this.#run()
    } finally {
      release()
      timer.cancel()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async #run(): Promise<Report> {
    const { server = '' } = this.#options
    this.#emit({ type: 'started', total: this.#selected.length, server })
    const scratch = this.#scratch()
    const writes = !this.#settings.readOnly && this.#selected.some(check => needsOf(check).has('write'))
    const [context, leftovers] = await Promise.all([
      this.#context(scratch),
      writes ? this.#sweep() : undefined,
    ])
    try {
      const runs = new CheckRuns({
        checks: this.#selected,
        context,
        workspaceOf: check => scratch.view(check.id),
        signal: this.#stopping.signal,
        emit: event => this.#emit(event),
      })
      const results = await runs.run()
      const head = await this.#describe(context)
      await this.#clean(scratch, leftovers)
      const durationMs = Math.round(this.#clock.monotonic() - this.#began)
      return this.#finished({ ...head, durationMs, checks: results, ...summarize(results) })
    } catch (error) {
      await this.#clean(scratch, leftovers)
      throw error
    }
  }

  async #context(scratch: Scratch): Promise<SharedContext> {
    const client = this.#client
    const settings = this.#settings
    const clock = this.#clock
    const inventory = openInventory(client, settings)
    const [{ body }, mode, missing] = await Promise.all([
      client.transport.request<ServerVersion>({ method: 'GET', path: '/version' }),
      detectMode(client, inventory, settings),
      missingRights(new Rights(client, settings.namespace), this.#selected, settings),
    ])
    const version = parseVersion(body)
    const hasHostIPs = version.major > 1 || version.minor >= firstMinorWithHostIPs
    const { signal } = this.#stopping
    const prober = new PodProber({ client, clock, settings, inventory, scratch, hasHostIPs, signal })
    this.#prober = prober
    return {
      client,
      server: this.#options.server ?? '',
      mode,
      families: expectedFamilies(mode, settings),
      version,
      inventory,
      prober,
      host: this.#options.host ?? thisMachine(clock),
      settings,
      clock,
      missingRights: missing,
      addReachability: entries => void this.#reachability.push(...entries),
    }
  }

  #scratch(): Scratch {
    return new Scratch({
      client: this.#client,
      clock: this.#clock,
      owner: this.#owner,
      settings: this.#settings,
      run: randomBytes(8).toString('hex').slice(0, 5),
    })
  }

  #sweep() {
    return sweep({
      client: this.#client,
      clock: this.#clock,
      owner: this.#owner,
      namespace: this.#settings.namespace,
    })
  }

  /** Never rejects: a namespace that is slow to go must not cost the report. */
  async #clean(scratch: Scratch, leftovers: Awaited<ReturnType<typeof sweep>> | undefined): Promise<void> {
    for (const namespace of scratch.namespaces) this.#emit({ type: 'cleaning', namespace })
    const ended = await Promise.allSettled([scratch.close(), leftovers?.gone])
    const failed = ended.flatMap(result => (result.status === 'rejected' ? [String(result.reason)] : []))
    if (failed.length === 0) return
    const namespaces = [...scratch.namespaces, ...(leftovers?.names ?? [])]
    this.#emit({ type: 'stillCleaning', namespaces, why: failed.join('; ') })
  }

  async #describe(context: SharedContext) {
    const { server = '', context: name } = this.#options
    const nodes = await context.inventory.nodes().catch(() => [])
    const interrupted = this.#whyCutShort()
    return {
      apiVersion: 'verify.futago.dev/v1' as const,
      kind: 'Report' as const,
      futagoVersion,
      cluster: {
        server,
        context: name ?? null,
        version: context.version.gitVersion,
        nodes: nodes.length,
        families: context.mode.families,
        expected: context.families,
        evidence: context.mode.evidence,
      },
      profile: this.#settings.profile,
      readOnly: this.#settings.readOnly,
      startedAt: this.#startedAt,
      ...(interrupted === undefined ? {} : { interrupted }),
      reachability: this.#reachability,
    }
  }

  /** A run that could not start its probes has not seen what it was to see: it must not count as good. */
  #whyCutShort(): string | undefined {
    const { aborted, reason } = this.#stopping.signal
    if (aborted) return reason instanceof Error ? reason.message : String(reason)
    return this.#prober?.obstacle?.message
  }

  #finished(report: Report): Report {
    const whole: Report = report.interrupted === undefined ? report : { ...report, exitCode: 2 }
    this.#emit({ type: 'finished', report: whole })
    return whole
  }

  #emit(event: RunEvent): void {
    this.#options.onEvent?.(event)
  }
}

/**
 * Runs the checks against the cluster behind the client and resolves with the report; findings do not reject.
 * Rejects when the cluster cannot be asked at all: with the server's StatusError or the connection's error.
 *
 * @example
 * const config = await clientConfig(await loadKubeconfig(['kubeconfig']))
 * const client = new Client(httpsTransport(config))
 * const report = await runChecks({ client, settings: { profile: 'quick' } })
 */
export const runChecks = (options: RunOptions): Promise<Report> => new Run(options).run()
