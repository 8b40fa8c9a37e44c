// Writes Pod statuses as few and as small as can be: only what differs from what the API has, as one
// strategic merge patch, and never more at once than the API server digests well.
import type { Pod, PodStatus } from '../api/generated/types.ts'
import { pods } from '../api/resources/core/pod.ts'
import { isConflict, isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { PodClient } from './kubeletcontext.ts'

/** Does `current` already say all that `wanted` says? Absent and undefined are the same. */
export function says(current: unknown, wanted: unknown): boolean {
  if (wanted === undefined || current === wanted) return true
  if (typeof wanted !== 'object' || wanted === null) return false
  if (typeof current !== 'object' || current === null) {
    return !Array.isArray(wanted) && current === undefined && everyField(wanted, v => v === undefined)
  }
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(current) &&
      current.length === wanted.length &&
      wanted.every((item, index) => says(current[index], item))
    )
  }
  const fields = current as Record<string, unknown>
  return everyField(wanted, (value, key) => says(fields[key], value))
}

/** Without a list of the fields, which would be made for each of many Pods again. */
function everyField(object: object, holds: (value: unknown, key: string) => boolean): boolean {
  const fields = object as Record<string, unknown>
  for (const key in fields) if (!holds(fields[key], key)) return false
  return true
}

/** Lists of states are whole: what is not wanted any more must not stay. */
const sameState = (current: unknown, wanted: unknown) => says(current, wanted) && says(wanted, current)

/** Lists that a patch would merge by address: a Pod that begins anew must lose its old ones. */
const addressLists = ['podIPs', 'hostIPs'] as const

function replaceAddresses(current: PodStatus | undefined, changed: Record<string, unknown>): void {
  for (const key of addressLists) {
    const wanted = changed[key]
    if (Array.isArray(wanted) && current?.[key]?.length) changed[key] = [...wanted, { $patch: 'replace' }]
  }
}

/** Undefined: there is nothing to write. */
export function statusPatch(pod: Pod, status: PodStatus): object | undefined {
  const current: Readonly<Record<string, unknown>> = { ...pod.status }
  const changed: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(status)) {
    const isSame = key.endsWith('Statuses') ? sameState(current[key], value) : says(current[key], value)
    if (!isSame) changed[key] = value
  }
  replaceAddresses(pod.status, changed)
  const known = new Map(pod.status?.conditions?.map(condition => [condition.type, condition]))
  const conditions = status.conditions?.filter(condition => !says(known.get(condition.type), condition)) ?? []
  delete changed.conditions
  if (conditions.length > 0) {
    changed.conditions = conditions
    changed['$setElementOrder/conditions'] = status.conditions?.map(({ type }) => ({ type }))
  }
  if (Object.keys(changed).length === 0) return undefined
  return { metadata: { uid: pod.metadata.uid }, status: changed }
}

export interface APIPodClientOptions {
  /** Of the node that a Pod is on. */
  readonly clientOf: (node: string) => Client
  /** Writes under way at once. Default 128. */
  readonly maxInFlight?: number
}

export class APIPodClient implements PodClient {
  readonly #clientOf: (node: string) => Client
  readonly #maxInFlight: number
  #inFlight = 0
  readonly #waiting: (() => void)[] = []
  #head = 0

  constructor({ clientOf, maxInFlight = 128 }: APIPodClientOptions) {
    this.#clientOf = clientOf
    this.#maxInFlight = maxInFlight
  }

  async writeStatus(pod: Pod, status: PodStatus): Promise<Pod | undefined> {
    const patch = statusPatch(pod, status)
    if (!patch) return undefined
    const { namespace, name = '' } = pod.metadata
    const options = { subresource: 'status', type: 'strategic-merge' } as const
    return this.#limited(() => this.#of(pod).patch(pods, { namespace, name }, patch, options))
  }

  async deletePod(pod: Pod): Promise<void> {
    const { namespace, name = '', uid } = pod.metadata
    const options = { gracePeriodSeconds: 0, preconditions: { uid } }
    await this.#limited(() => this.#of(pod).delete(pods, { namespace, name }, options))
  }

  #of({ spec }: Pod): Client {
    return this.#clientOf(spec?.nodeName ?? '')
  }

  /** A Pod that is gone, or another one of its name, is no failure. */
  async #limited<T>(write: () => Promise<T>): Promise<T | undefined> {
    if (this.#inFlight >= this.#maxInFlight) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#inFlight++
    try {
      return await write()
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return undefined
      throw error
    } finally {
      this.#next()
    }
  }

  /** Hands its turn to the next. */
  #next(): void {
    const next = this.#waiting[this.#head]
    if (!next) {
      this.#inFlight--
      return
    }
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
    next()
  }
}
