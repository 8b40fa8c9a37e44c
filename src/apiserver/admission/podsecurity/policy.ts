// Which level a namespace asks for, from its labels pod-security.kubernetes.io/*, and what of it a Pod
// violates (KEP-2579).

import { type FieldError, invalidValue } from '../../../api/fields.ts'
import type { ObjectMeta, PodSpec } from '../../../api/generated/types.ts'
import { baselineOnlyChecks, sharedChecks } from './baseline.ts'
import { restrictedChecks } from './restricted.ts'
import type { CheckedPod, Violation } from './violation.ts'

/** Least strict first. */
const levels = ['privileged', 'baseline', 'restricted'] as const
export type Level = (typeof levels)[number]

export interface LevelVersion {
  readonly level: Level
  /** Of Kubernetes 1.x; infinite: the latest. */
  readonly minor: number
}

const modes = ['enforce', 'audit', 'warn'] as const
type Mode = (typeof modes)[number]
type Policy = Readonly<Record<Mode, LevelVersion>>

const prefix = 'pod-security.kubernetes.io/'
const latest = Number.POSITIVE_INFINITY
const isLevel = (text: string): text is Level => (levels as readonly string[]).includes(text)

/** `restricted:latest`, `baseline:v1.30`. */
export const formatLevel = ({ level, minor }: LevelVersion): string =>
  `${level}:${minor === latest ? 'latest' : `v1.${minor}`}`

export const isStricter = (a: LevelVersion, b: LevelVersion): boolean =>
  levels.indexOf(a.level) > levels.indexOf(b.level) || (a.level === b.level && a.minor !== b.minor)

function parseVersion(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text === 'latest') return latest
  const minor = /^v1\.(0|[1-9]\d*)$/.exec(text)?.[1]
  return minor === undefined ? undefined : Number(minor)
}

/** Labels that cannot be read count as the strictest that they may mean: restricted, the latest. */
export function policyOf(labels: Readonly<Record<string, string>> = {}): {
  readonly policy: Policy
  readonly errors: readonly FieldError[]
} {
  const errors: FieldError[] = []
  const read = (mode: Mode): LevelVersion => {
    const level = labels[prefix + mode] ?? 'privileged'
    const minor = parseVersion(labels[`${prefix}${mode}-version`])
    if (!isLevel(level)) {
      const detail = `must be one of ${levels.join(', ')}`
      errors.push(invalidValue(`metadata.labels[${prefix}${mode}]`, level, detail))
    }
    if (minor === undefined) {
      const field = `metadata.labels[${prefix}${mode}-version]`
      errors.push(invalidValue(field, labels[`${prefix}${mode}-version`], 'must be "latest" or "v1.x"'))
    }
    return { level: isLevel(level) ? level : 'restricted', minor: minor ?? latest }
  }
  const policy = { enforce: read('enforce'), audit: read('audit'), warn: read('warn') }
  return { policy, errors }
}

/** In upstream's order; empty: the Pod may run. */
export function violations(
  { level, minor }: LevelVersion,
  { metadata, spec }: { readonly metadata: ObjectMeta; readonly spec: PodSpec },
): Violation[] {
  if (level === 'privileged') return []
  const containers = [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...((spec.ephemeralContainers ?? []) as CheckedPod['containers']),
  ]
  const checks = [
    ...sharedChecks(minor),
    ...(level === 'restricted' ? restrictedChecks(minor) : baselineOnlyChecks),
  ]
  return checks
    .filter(({ since = 0, until }) => minor >= since && (until === undefined || minor < until))
    .flatMap(({ check }) => check({ metadata, spec, containers }) ?? [])
}

export const formatViolations = (found: readonly Violation[]): string =>
  found.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ')
