// Waits until the objects of a kind, all or those that a selector picks, are together as wanted.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { Clock } from '../component/clock.ts'
import type { Client } from './client.ts'
import { Informer } from './informer.ts'
import { WaitTimeout } from './waitfor.ts'

export interface ListWaitTarget<T extends KubeObject> {
  readonly client: Client
  readonly clock: Clock
  readonly resource: Resource<T>
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** What it throws ends the waiting. */
  readonly until: (objects: readonly T[]) => boolean
  readonly timeoutMs: number
}

/** Resolves with the objects as they were when they were as wanted; rejects with a WaitTimeout. */
export async function waitForList<T extends KubeObject>(target: ListWaitTarget<T>): Promise<T[]> {
  const { until, timeoutMs, ...selection } = target
  const informer = new Informer<T>(selection)
  try {
    return await new Promise<T[]>((resolve, reject) => {
      const seconds = Math.round(timeoutMs / 1000)
      const message = `${target.resource.resource} were not as wanted within ${seconds} s`
      const timer = target.clock.after(timeoutMs, () => reject(new WaitTimeout(message, informer.list())))
      const look = () => {
        if (!informer.hasSynced) return
        try {
          if (!until(informer.list())) return
          timer.cancel()
          resolve(informer.list())
        } catch (error) {
          timer.cancel()
          reject(error)
        }
      }
      informer.addHandlers({ add: look, update: look, delete: look })
      informer.start()
      informer.synced.then(look)
    })
  } finally {
    await informer.stop()
  }
}
