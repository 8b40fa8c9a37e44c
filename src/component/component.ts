// What every long-running part is: started in order, stopped in reverse.

export interface Component {
  readonly name: string
  /** Resolves when the part does its work. When it rejects, nothing of it is left running. */
  start(): Promise<void>
  /** Resolves when nothing of the part is left; may be called at any time, and more than once. */
  stop(): Promise<void>
}

/**
 * Starts one after the other; when one fails, those already started are stopped in reverse and its error is
 * thrown.
 */
export async function startAll(components: readonly Component[]): Promise<void> {
  const started: Component[] = []
  for (const component of components) {
    try {
      await component.start()
    } catch (error) {
      await stopAll(started).catch(() => undefined)
      throw error
    }
    started.push(component)
  }
}

/** Stops in reverse order, all of them even when one fails; the failures are thrown together at the end. */
export async function stopAll(components: readonly Component[]): Promise<void> {
  const errors: unknown[] = []
  for (const component of [...components].reverse()) {
    try {
      await component.stop()
    } catch (error) {
      errors.push(new Error(`Cannot stop ${component.name}: ${String(error)}`, { cause: error }))
    }
  }
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, 'Cannot stop several components')
}
