// Waits for what comes by itself and tells nobody, by asking again.

/** For what never comes; a busy machine may take its time. */
const limitMs = 60_000

/** Asks again until `check` holds; throws what was last seen, or went wrong, when it does not in a minute. */
export async function eventually<T>(
  ask: () => Promise<T>,
  check: (value: T) => boolean,
  pauseMs = 200,
): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const value = await ask().catch(error => error as T)
    if (!(value instanceof Error) && check(value)) return value
    if (performance.now() > deadline)
      throw value instanceof Error ? value : new Error(`last seen: ${JSON.stringify(value)}`)
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
}
