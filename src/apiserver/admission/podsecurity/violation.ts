// What a Pod Security check sees and says. Lists in its words are quoted and pluralised as upstream's are,
// for people search for these messages (k8s.io/pod-security-admission/policy).
import type { Container, ObjectMeta, PodSpec } from '../../../api/generated/types.ts'

export interface Violation {
  /** `hostPort` */
  readonly reason: string
  /** `container "a" uses hostPort 80`; empty: the reason says all. */
  readonly detail: string
}

export interface CheckedPod {
  readonly metadata: ObjectMeta
  readonly spec: PodSpec
  /** Init, main and ephemeral ones. */
  readonly containers: readonly Container[]
}

/** One rule of a level. */
export interface PodSecurityCheck {
  /** The first minor version of the standard that has it; default: all. */
  readonly since?: number
  /** The first that has it no more; default: none. */
  readonly until?: number
  readonly check: (pod: CheckedPod) => Violation | undefined
}

/** In a user namespace, root in the Pod is not root on the node (KEP-127): some rules go since v1.35. */
export const hasUserNamespace = ({ spec }: CheckedPod): boolean => spec.hostUsers === false

export const userNamespacesSince = 35

export const quoted = (names: readonly string[]): string => names.map(name => JSON.stringify(name)).join(', ')

/** Sorted, each once. */
export const sortedValues = (values: readonly string[]): string[] => [...new Set(values)].sort()

const counted = (noun: string, names: readonly string[]) => `${noun}${names.length === 1 ? '' : 's'}`

/** `container "a"`, `containers "a", "b"`. */
export const named = (noun: string, names: readonly string[]): string =>
  `${counted(noun, names)} ${quoted(names)}`

/** `uses`, `use`. */
export const uses = (names: readonly string[]): string => (names.length === 1 ? 'uses' : 'use')

export const pluralOf = counted

export const namesOf = (containers: readonly Container[]): string[] => containers.map(({ name }) => name)

type Context = PodSpec['securityContext'] | Container['securityContext']

/**
 * Who sets a field of the security context badly: the Pod, and the containers that do so themselves.
 * Undefined when nobody does: `pod and container "a"`.
 */
export function badSetters(pod: CheckedPod, isBad: (context: Context) => boolean): string | undefined {
  const containers = namesOf(pod.containers.filter(({ securityContext }) => isBad(securityContext)))
  const setters = [
    ...(isBad(pod.spec.securityContext) ? ['pod'] : []),
    ...(containers.length > 0 ? [named('container', containers)] : []),
  ]
  return setters.length > 0 ? setters.join(' and ') : undefined
}

/** A security context's field wherever it is set. */
export const everySetting = <T>(pod: CheckedPod, read: (context: Context) => T | undefined): T[] =>
  [pod.spec.securityContext, ...pod.containers.map(({ securityContext }) => securityContext)]
    .map(read)
    .filter(value => value !== undefined) as T[]
