// Waits until an object is as wanted: a list, then a watch from there, again whenever the watch ends.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { WatchHandle } from '../api/transport.ts'
import type { Clock } from '../component/clock.ts'
import type { Client } from './client.ts'

export class WaitTimeout extends Error {
  /** The object, or the objects, as last seen. */
  readonly last: unknown

  constructor(message: string, last?: unknown) {
    super(message)
    this.name = 'WaitTimeout'
    this.last = last
  }
}

export interface WaitTarget<T extends KubeObject> {
  readonly client: Client
  readonly clock: Clock
  readonly resource: Resource<T>
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string
  readonly name: string
  /** Undefined: there is no such object (any more). What it throws ends the waiting. */
  readonly until: (object: T | undefined) => boolean
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

const pauseMs = 250

/** Resolves with the object as it was when it was as wanted; rejects with a WaitTimeout. */
export async function waitForObject<T extends KubeObject>(wanted: WaitTarget<T>): Promise<T | undefined> {
  const { clock, resource, name, timeoutMs } = wanted
  let last: T | undefined
  const until = (object: T | undefined) => {
    last = object
    return wanted.until(object)
  }
  const target = { ...wanted, until }
  const giveUp = new AbortController()
  const seconds = Math.round(timeoutMs / 1000)
  const timer = clock.after(timeoutMs, () =>
    giveUp.abort(new WaitTimeout(`${resource.resource} ${name} was not as wanted within ${seconds} s`, last)),
  )
  const signal = target.signal ? AbortSignal.any([target.signal, giveUp.signal]) : giveUp.signal
  try {
    for (;;) {
      const found = await listOnce(target)
      signal.throwIfAborted()
      if (target.until(found.object)) return found.object
      const seen = await watchOnce(target, found.revision, signal)
      if (seen.isAsWanted) return seen.object
      await clock.sleep(pauseMs, signal)
    }
  } finally {
    timer.cancel()
  }
}

const selectionOf = <T extends KubeObject>({ namespace, name }: WaitTarget<T>) => ({
  namespace,
  fieldSelector: `metadata.name=${name}`,
})

async function listOnce<T extends KubeObject>(target: WaitTarget<T>) {
  const list = await target.client.list(target.resource, selectionOf(target))
  return { object: list.items[0], revision: list.metadata.resourceVersion }
}

interface Seen<T> {
  readonly isAsWanted: boolean
  readonly object?: T
}

/** Until the object is as wanted or the watch ends; rejects when the signal is aborted. */
function watchOnce<T extends KubeObject>(
  target: WaitTarget<T>,
  resourceVersion: string | undefined,
  signal: AbortSignal,
): Promise<Seen<T>> {
  return new Promise((resolve, reject) => {
    let handle: WatchHandle | undefined
    let isOver = false
    const settle = (act: () => void) => {
      if (isOver) return
      isOver = true
      signal.removeEventListener('abort', onAbort)
      handle?.close()
      act()
    }
    const onAbort = () => settle(() => reject(signal.reason))
    signal.addEventListener('abort', onAbort, { once: true })
    target.client
      .watch(
        target.resource,
        { ...selectionOf(target), resourceVersion },
        {
          onEvents(events) {
            try {
              for (const { type, object } of events) {
                const current = type === 'DELETED' ? undefined : object
                if (type !== 'BOOKMARK' && target.until(current)) {
                  return settle(() => resolve({ isAsWanted: true, object: current }))
                }
              }
            } catch (error) {
              settle(() => reject(error))
            }
          },
          onEnd: () => settle(() => resolve({ isAsWanted: false })),
        },
      )
      .then(
        opened => {
          handle = opened
          if (isOver) opened.close()
        },
        error => settle(() => reject(error)),
      )
  })
}
