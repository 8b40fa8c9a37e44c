// Whether what clients were told could have been told by one copy of the objects that does one thing after the
// other (linearizability: Herlihy and Wing, 1990). The order of writes need not be searched for: it is that of
// the store's revisions.

/** What happened, as the store tells it. */
export interface Written {
  readonly revision: number
  readonly key: string
  /** Undefined: it was deleted. Every write of a test has a value of its own. */
  readonly value: string | undefined
}

interface Done {
  /** Places in the order of all beginnings and ends. */
  readonly began: number
  readonly ended: number
}

export type Operation = Done &
  (
    | { readonly type: 'write'; readonly written: Written }
    /** Refused, or with an outcome that nobody knows. */
    | { readonly type: 'failure'; readonly value: string; readonly mayHaveHappened: boolean }
    | { readonly type: 'get'; readonly key: string; readonly found: Written | undefined }
    | { readonly type: 'list'; readonly revision: number; readonly found: readonly Written[] }
  )

const show = (operation: Operation) => JSON.stringify(operation)

class History {
  readonly #written: readonly Written[]

  constructor(written: readonly Written[]) {
    this.#written = written
  }

  countOf(value: string): number {
    return this.#written.filter(other => other.value === value).length
  }

  has({ revision, key, value }: Written): boolean {
    return this.#written.some(w => w.revision === revision && w.key === key && w.value === value)
  }

  stateAt(revision: number): string {
    const state = new Map<string, Written>()
    for (const written of this.#written) if (written.revision <= revision) state.set(written.key, written)
    return stateOf([...state.values()].filter(({ value }) => value !== undefined))
  }

  /** The first revision from `from` on at which a key is in that state. */
  firstAs(key: string, found: Written | undefined, from: number): number | undefined {
    const changes = this.#written.filter(written => written.key === key)
    const isWanted = (now: Written | undefined) =>
      found ? now?.revision === found.revision : now?.value === undefined
    if (isWanted(changes.findLast(({ revision }) => revision <= from))) return from
    return changes.find(change => change.revision > from && isWanted(change))?.revision
  }
}

const stateOf = (found: readonly Written[]) =>
  found
    .map(({ key, revision, value }) => `${key}@${revision}=${value}`)
    .sort()
    .join(' ')

/** What cannot have been so; none where all is well. */
export function contradictions(operations: readonly Operation[], written: readonly Written[]): string[] {
  const history = new History(written)
  const found: string[] = []
  /** When each operation took place at the earliest, by its end. */
  const done: { readonly ended: number; readonly at: number }[] = []
  const wrong = (operation: Operation, why: string) => void found.push(`${why}: ${show(operation)}`)
  for (const operation of [...operations].sort((a, b) => a.began - b.began)) {
    const after = Math.max(0, ...done.filter(({ ended }) => ended < operation.began).map(({ at }) => at))
    let at: number | undefined
    switch (operation.type) {
      case 'failure': {
        const count = history.countOf(operation.value)
        if (count > (operation.mayHaveHappened ? 1 : 0)) wrong(operation, `it happened ${count} times`)
        break
      }
      case 'write': {
        const { written: own } = operation
        at = own.revision
        if (!history.has(own)) wrong(operation, 'it was lost')
        if (own.value !== undefined && history.countOf(own.value) !== 1) wrong(operation, 'it happened twice')
        if (at <= after) wrong(operation, `it came before revision ${after}, which was known`)
        break
      }
      case 'get':
        at = history.firstAs(operation.key, operation.found, after)
        if (at === undefined) wrong(operation, `it was not so at or after revision ${after}`)
        break
      case 'list':
        at = operation.revision
        if (at < after) wrong(operation, `it is older than revision ${after}, which was known`)
        if (history.stateAt(at) !== stateOf(operation.found)) {
          wrong(operation, `there was something else: ${history.stateAt(at)}`)
        }
    }
    if (at !== undefined) done.push({ ended: operation.ended, at })
  }
  return found
}
