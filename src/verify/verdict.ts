// What a check says about one family: a value, never a boolean, so that nobody takes "not looked at" for
// "works".
import type { IPFamily } from '../ip/family.ts'
import type { Text } from './text.ts'

/** What is wrong, and what to do about it. */
export interface Finding {
  /** What should be there: `one IPv6 range`. */
  readonly expected: Text
  /** What was seen instead, as values: `node2: 10.244.1.0/24`. */
  readonly observed: string
  /** The likely cause. */
  readonly cause: Text
  /** The exact flag, setting or command that mends it. */
  readonly remedy: Text
}

export type Verdict =
  /** It works; the evidence is what was seen. */
  | { readonly outcome: 'pass'; readonly evidence: string }
  /** It works, with something a person should know. */
  | ({ readonly outcome: 'warn' } & Finding)
  | ({ readonly outcome: 'fail' } & Finding)
  /** It was not looked at: not asked for, no rights, not for this version or family. */
  | { readonly outcome: 'skip'; readonly reason: Text }
  /** It was looked at and cannot be judged here: the reason says why. */
  | { readonly outcome: 'notEvaluable'; readonly reason: Text }

export type Outcome = Verdict['outcome']

/** Best first. */
export const outcomes: readonly Outcome[] = ['pass', 'skip', 'notEvaluable', 'warn', 'fail']

/** One verdict for each family that the check speaks about. */
export type FamilyVerdicts = Readonly<Partial<Record<IPFamily, Verdict>>>

export const pass = (evidence: string): Verdict => ({ outcome: 'pass', evidence })
export const warn = (finding: Finding): Verdict => ({ outcome: 'warn', ...finding })
export const fail = (finding: Finding): Verdict => ({ outcome: 'fail', ...finding })
export const skip = (reason: Text): Verdict => ({ outcome: 'skip', reason })
export const notEvaluable = (reason: Text): Verdict => ({ outcome: 'notEvaluable', reason })
