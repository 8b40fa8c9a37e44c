// What the checks that send packets share: the lines that probe scripts print, and the judgement over many
// attempts of one family.
import type { IPFamily } from '../ip/family.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { listSome } from './nodefacts.ts'
import type { Text } from './text.ts'
import { type Finding, fail, notEvaluable, pass, type Verdict } from './verdict.ts'

/** One line of `settle`, see prelude.ts. */
export interface ProbeLine {
  readonly code: number
  readonly milliseconds: number
  readonly output: string
}

/** By key; what is no such line is left out. */
export function parseProbes(stdout: string): ReadonlyMap<string, ProbeLine> {
  const probes = new Map<string, ProbeLine>()
  for (const line of stdout.split('\n')) {
    const [key, code, milliseconds, ...output] = line.split('\t')
    if (key === undefined || output.length === 0) continue
    probes.set(key, {
      code: Number(code),
      milliseconds: Number(milliseconds),
      output: output.join('\t').trim(),
    })
  }
  return probes
}

export const httpURL = (address: string, port: number, path = '/'): string =>
  `http://${joinHostPort(address, port)}${path}`

export type Protocol = 'TCP' | 'UDP'

/** Something that was tried once in one family. */
export interface Attempt {
  readonly from: string
  readonly to: string
  readonly family: IPFamily
  readonly protocol: Protocol
  /** `notTried`: the image has no tool for it. */
  readonly outcome: 'reached' | 'failed' | 'notTried'
  readonly milliseconds: number
  /** What was answered, or the error. */
  readonly detail: string
}

/** What `udp` says where the image cannot send datagrams. */
const noTool = '(no tool)'

/** The probe's answer is right when it is what is expected; default: any answer. */
export function attemptOf(
  probe: ProbeLine | undefined,
  what: Omit<Attempt, 'outcome' | 'milliseconds' | 'detail'>,
  isRight: (output: string) => boolean = output => output !== '',
): Attempt {
  if (!probe) return { ...what, outcome: 'failed', milliseconds: 0, detail: 'no answer' }
  const { code, milliseconds, output } = probe
  if (output === noTool) return { ...what, outcome: 'notTried', milliseconds, detail: output }
  const outcome = code === 0 && isRight(output) ? 'reached' : 'failed'
  return { ...what, outcome, milliseconds, detail: output || `exit code ${code}` }
}

export const showAttempt = ({ from, to, protocol, detail }: Attempt): string =>
  `${from} -> ${to} ${protocol}: ${detail}`

const medianOf = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const nothingTried: Text = {
  en: 'Nothing was tried: the image has no tool for it',
  ja: 'イメージにツールがないため、試行していません',
}

/** Passes when everything that was tried in the family succeeded, with a count as evidence. */
export function judgeAttempts(
  attempts: readonly Attempt[],
  family: IPFamily,
  finding: Omit<Finding, 'observed'>,
): Verdict {
  const own = attempts.filter(attempt => attempt.family === family)
  const tried = own.filter(({ outcome }) => outcome !== 'notTried')
  if (tried.length === 0) return notEvaluable(nothingTried)
  const failed = tried.filter(({ outcome }) => outcome === 'failed')
  if (failed.length > 0) {
    const observed = `${failed.length} of ${tried.length} failed: ${listSome(failed.map(showAttempt), '; ')}`
    return fail({ ...finding, observed })
  }
  const protocols = [...new Set(tried.map(({ protocol }) => protocol))].sort().join(' and ')
  const without = tried.length < own.length ? '; UDP not tried, the image has no tool for it' : ''
  const median = medianOf(tried.map(({ milliseconds }) => milliseconds))
  return pass(`${tried.length} of ${tried.length} over ${protocols}, median ${median} ms${without}`)
}
