// The indexes of an informer: from a value, such as the name of a node, to the objects that have it.
import type { KubeObject } from '../api/object.ts'

/** The values under which an object is found; must depend on nothing but the object. */
export type IndexFunction<T extends KubeObject> = { index(object: T): readonly string[] }['index']

interface Index<T extends KubeObject> {
  readonly values: IndexFunction<T>
  readonly entries: Map<string, Map<string, T>>
}

export class ObjectIndexes<T extends KubeObject> {
  readonly #indexes = new Map<string, Index<T>>()

  constructor(definitions: Readonly<Record<string, IndexFunction<T>>>) {
    for (const [name, values] of Object.entries(definitions)) this.define(name, values, [])
  }

  define(name: string, values: IndexFunction<T>, objects: Iterable<T>): void {
    if (this.#indexes.has(name)) return
    const index: Index<T> = { values, entries: new Map() }
    this.#indexes.set(name, index)
    for (const object of objects) update(index, object, undefined)
  }

  /** Throws for an index that is not defined. */
  lookup(name: string, value: string): T[] {
    const index = this.#indexes.get(name)
    if (!index)
      throw new Error(`Cannot look up ${value}: there is no index ${name}, expected addIndex() before`)
    const found = index.entries.get(value)
    return found ? [...found.values()] : []
  }

  /** `object` takes the place of `previous`; either may be missing. */
  replace(object: T | undefined, previous: T | undefined): void {
    for (const index of this.#indexes.values()) update(index, object, previous)
  }
}

const nothing: readonly string[] = []

function update<T extends KubeObject>(index: Index<T>, object: T | undefined, previous: T | undefined): void {
  const before = previous ? index.values(previous) : nothing
  const after = object ? index.values(object) : nothing
  for (const value of before) {
    if (previous && !after.includes(value)) remove(index, value, previous)
  }
  for (const value of after) {
    if (!object) continue
    let entries = index.entries.get(value)
    if (!entries) {
      entries = new Map()
      index.entries.set(value, entries)
    }
    entries.set(entryKey(object), object)
  }
}

function remove<T extends KubeObject>(index: Index<T>, value: string, object: T): void {
  const entries = index.entries.get(value)
  entries?.delete(entryKey(object))
  if (entries?.size === 0) index.entries.delete(value)
}

const entryKey = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`
