// What the checks of one Pod spec share: where they put what they find, and what one part must know of
// another.
import { type FieldError, invalidValue, notSupported, required } from '../../../../fields.ts'
import type { Volume } from '../../../../generated/types.ts'
import type { TextRule } from '../../../../meta/names.ts'

export interface PodCheck {
  readonly errors: FieldError[]
  /** A Pod, not the template of one. */
  readonly isPod: boolean
  /** Known for Pods only. */
  readonly podName: string
  readonly gracePeriod: number | undefined
  readonly restartPolicy: string
  /** False: the Pod has a user namespace of its own. */
  readonly hostUsers: boolean
  /** Empty: not said. */
  readonly os: string
  /** Those that are fine themselves, by name. */
  readonly volumes: Map<string, Volume>
  readonly claims: Set<string>
}

export function checkText(text: string, rule: TextRule, options: { field: string; check: PodCheck }): void {
  for (const problem of rule(text)) options.check.errors.push(invalidValue(options.field, text, problem))
}

/** `allowed` in the order in which upstream names them. */
export function checkEnum(
  text: string | undefined,
  allowed: readonly string[],
  options: { field: string; check: PodCheck; optional?: boolean },
): void {
  const { field, check, optional } = options
  if (text === undefined && optional) return
  if (text === undefined || (text === '' && !optional)) check.errors.push(required(field))
  else if (!allowed.includes(text)) check.errors.push(notSupported(field, text, allowed))
}

export const modeText = 'must be a number between 0 and 0777 (octal), both inclusive'

export function checkMode(mode: number | undefined, field: string, { errors }: PodCheck): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) errors.push(invalidValue(field, mode, modeText))
}

export function checkNoBacksteps(path: string, field: string, { errors }: PodCheck): void {
  if (path.split('/').includes('..')) errors.push(invalidValue(field, path, "must not contain '..'"))
}

/** Relative, and never upwards. */
export function checkDescendingPath(path: string, field: string, check: PodCheck): void {
  if (path.startsWith('/')) check.errors.push(invalidValue(field, path, 'must be a relative path'))
  checkNoBacksteps(path, field, check)
}

/** A file name in a volume: also not one of those the kubelet makes for itself. */
export function checkFilePath(path: string, field: string, check: PodCheck): void {
  checkDescendingPath(path, field, check)
  if (path.startsWith('..') && !path.startsWith('../')) {
    check.errors.push(invalidValue(field, path, "must not start with '..'"))
  }
}
