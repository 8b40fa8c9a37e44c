// One run of the selected checks: each starts as soon as those that it builds on have ended, as many at once
// as is sensible, each within its time; a check that cannot run becomes a skip that says why.
import { isForbidden } from '../api/status.ts'
import type { Check, CheckContext } from './check.ts'
import {
  type Blocked,
  blockedFamilies,
  everyFamily,
  withOtherFamily,
  withoutBlocked,
} from './familyverdicts.ts'
import { ProbeError } from './probeerror.ts'
import type { CheckResult, RunEvent } from './report.ts'
import { needsOf } from './rights.ts'
import { reasonNotToRun, reasonOfRights } from './runnable.ts'
import { Slots } from './slots.ts'
import { verbatim } from './text.ts'
import { type FamilyVerdicts, fail, notEvaluable, skip, type Verdict } from './verdict.ts'
import type { Workspace } from './workspace.ts'

/** What all checks of a run share. */
export type SharedContext = Omit<CheckContext, 'workspace' | 'signal' | 'progress'>

export interface CheckRunsOptions {
  readonly checks: readonly Check[]
  readonly context: SharedContext
  readonly workspaceOf: (check: Check) => Workspace
  readonly signal: AbortSignal
  readonly emit: (event: RunEvent) => void
}

const readersAtOnce = 16
/** They mostly wait for Pods; many at once share them. */
const writersAtOnce = 48

class CheckTimeout extends Error {}

interface Done {
  readonly id: string
  readonly families: FamilyVerdicts
  readonly blocked: Blocked
  readonly result: CheckResult
}

export class CheckRuns {
  readonly #options: CheckRunsOptions
  readonly #done = new Map<string, Promise<Done>>()
  readonly #readers = new Slots(readersAtOnce)
  readonly #writers = new Slots(writersAtOnce)

  constructor(options: CheckRunsOptions) {
    this.#options = options
  }

  /** In the order of the checks. */
  async run(): Promise<CheckResult[]> {
    const all = await Promise.all(this.#options.checks.map(check => this.#start(check)))
    return all.map(({ result }) => result)
  }

  #start(check: Check): Promise<Done> {
    let done = this.#done.get(check.id)
    if (!done) {
      done = this.#runAfterRequired(check)
      this.#done.set(check.id, done)
    }
    return done
  }

  async #runAfterRequired(check: Check): Promise<Done> {
    const selected = this.#options.checks.filter(({ id }) => check.requires.includes(id))
    const required = await Promise.all(selected.map(other => this.#start(other)))
    const slots = needsOf(check).has('write') ? this.#writers : this.#readers
    return slots.use(() => this.#run(check, required))
  }

  async #run(check: Check, required: readonly Done[]): Promise<Done> {
    const { context, emit } = this.#options
    const { id, title, section, severity } = check
    const families = check.families?.(context as CheckContext) ?? context.families
    const blocked = blockedFamilies(families, required)
    const began = context.clock.monotonic()
    const isPointless = families.length > 0 && families.every(family => blocked.has(family))
    const obstacle = await this.#obstacle(check)
    let verdicts: FamilyVerdicts = {}
    if (obstacle) verdicts = everyFamily(families, obstacle)
    else if (!isPointless) {
      emit({ type: 'checkStarted', id, title })
      const answer = await this.#attempt(check)
      verdicts = isVerdict(answer) ? everyFamily(families, answer) : answer
    }
    if (!obstacle) verdicts = withoutBlocked(verdicts, blocked)
    if (!check.families) verdicts = withOtherFamily(verdicts, context)
    const durationMs = Math.round(context.clock.monotonic() - began)
    const result = { id, title, section, severity, families: verdicts, durationMs }
    emit({ type: 'checkFinished', result })
    return { id, families: verdicts, blocked, result }
  }

  async #obstacle(check: Check): Promise<Verdict | undefined> {
    const { context, signal } = this.#options
    if (signal.aborted) return skip(interrupted)
    return reasonOfRights(check, context.missingRights) ?? this.#nodeObstacle(check)
  }

  async #nodeObstacle(check: Check): Promise<Verdict | undefined> {
    try {
      return await reasonNotToRun(check, this.#options.context)
    } catch (error) {
      return this.#verdictOf(error, check)
    }
  }

  async #attempt(check: Check): Promise<Verdict | FamilyVerdicts> {
    const { context, workspaceOf, emit } = this.#options
    const over = new AbortController()
    const timer = context.clock.after(check.timeoutMs, () => over.abort(new CheckTimeout()))
    const signal = AbortSignal.any([over.signal, this.#options.signal])
    const whenAborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    const own: CheckContext = {
      ...context,
      workspace: workspaceOf(check),
      signal,
      progress: what => emit({ type: 'progress', id: check.id, what }),
    }
    try {
      return await Promise.race([runTwiceAfterAccident(check, own), whenAborted])
    } catch (error) {
      return this.#verdictOf(error, check)
    } finally {
      timer.cancel()
    }
  }

  #verdictOf(error: unknown, check: Check): Verdict {
    if (this.#options.signal.aborted) return skip(interrupted)
    if (error instanceof CheckTimeout) return timedOut(check)
    if (error instanceof ProbeError) return notEvaluable(error.text)
    const message = error instanceof Error ? error.message : String(error)
    if (isForbidden(error)) return skip({ en: `no right: ${message}`, ja: `権限がありません: ${message}` })
    return notEvaluable(verbatim(message))
  }
}

/** What an accident on a node cost, such as a lost log, is done again once. */
const runTwiceAfterAccident = (check: Check, context: CheckContext) =>
  check.run(context).catch(error => {
    if (error instanceof ProbeError && error.isAccident) return check.run(context)
    throw error
  })

const isVerdict = (answer: Verdict | FamilyVerdicts): answer is Verdict => 'outcome' in answer

const interrupted = { en: 'the run was interrupted', ja: '実行が中断されました' }

function timedOut({ id, timeoutMs }: Check): Verdict {
  const seconds = timeoutMs / 1000
  return fail({
    expected: { en: `an answer within ${seconds} s`, ja: `${seconds} 秒以内の応答` },
    observed: `nothing after ${seconds} s`,
    cause: {
      en: 'The cluster is overloaded, or something on the way hangs instead of answering.',
      ja: 'クラスターが過負荷であるか、経路上のどこかが応答せずに止まっています。',
    },
    remedy: {
      en: `Run the check alone (futago verify --only ${id}) and look at the events of its namespace meanwhile.`,
      ja: `このチェックだけを実行し（futago verify --only ${id}）、その間に作業用Namespaceのイベントを確認してください。`,
    },
  })
}
