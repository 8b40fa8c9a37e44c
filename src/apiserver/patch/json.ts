// JSON Patch (RFC 6902) as API servers apply it, that is as evanphx/json-patch v4 does: array indices may
// count from the end, `replace` of a field that is absent sets it, and whatever fails, the answer is the
// same 422.
import { isTooDeep } from '../../api/jsonsyntax.ts'
import { badRequest } from '../../api/status.ts'
import { isObject, tooManyOperations, unprocessable, wrongType } from './errors.ts'
import { setField } from './fields.ts'

const mostOperations = 10_000
/** How much text all copies of a patch may add. */
const mostCopied = 3 << 20

interface Operation {
  readonly op?: unknown
  readonly path?: unknown
  readonly from?: unknown
  readonly value?: unknown
}

type Container = Record<string, unknown> | unknown[]

/** Checks the patch once; what it returns applies it to an object, changes neither, and throws 422. */
export function jsonPatch(patch: unknown): (current: unknown) => unknown {
  const operations = decode(patch)
  return current => {
    const document = new Document(current)
    for (const operation of operations) apply(document, operation)
    // Copies and moves into each other nest without much text.
    if (isTooDeep(document.root)) throw unprocessable()
    return document.root
  }
}

function decode(patch: unknown): readonly Operation[] {
  if (patch === null) return []
  const refuse = (found: unknown, target: string) =>
    badRequest(`error decoding patch: ${wrongType(found, target)}`)
  if (!Array.isArray(patch)) throw refuse(patch, 'value of type []handlers.jsonPatchOp')
  for (const operation of patch) {
    if (!isObject(operation)) throw refuse(operation, 'value of type handlers.jsonPatchOp')
    for (const name of ['op', 'from', 'path']) {
      const value = operation[name]
      if (typeof value !== 'string' && value !== undefined && value !== null) {
        throw refuse(value, `struct field jsonPatchOp.${name} of type string`)
      }
    }
  }
  if (patch.length > mostOperations) throw tooManyOperations(mostOperations, patch.length)
  return patch
}

function apply(document: Document, operation: Operation): void {
  const act = typeof operation.op === 'string' && actions.get(operation.op)
  if (!act) throw unprocessable()
  act(document, operation)
}

const actions: ReadonlyMap<string, (document: Document, operation: Operation) => void> = new Map([
  ['add', (document, { path, value = null }) => document.add(path, value)],
  ['remove', (document, { path }) => void document.remove(path)],
  ['replace', (document, { path, value = null }) => document.replace(path, value)],
  ['move', (document, { path, from }) => document.add(path, document.remove(from))],
  ['copy', (document, { path, from }) => document.copy(path, from)],
  ['test', (document, { path, value = null }) => document.test(path, value)],
])

/** A value that is changed by copying each container before the first change to it. */
class Document {
  root: unknown
  #copiedLength = 0
  /** Containers of this document alone. */
  readonly #own = new Set<unknown>()

  constructor(root: unknown) {
    this.root = root
  }

  get(path: unknown): unknown {
    const { container, key } = find(this.root, tokensOf(path))
    return read(container, key)
  }

  test(path: unknown, value: unknown): void {
    if (!equal(path === '' ? this.root : this.get(path), value)) throw unprocessable()
  }

  add(path: unknown, value: unknown): void {
    const { container, key } = this.#open(path)
    if (!Array.isArray(container)) setField(container, key, value)
    else if (key === '-') container.push(value)
    else container.splice(indexOf(key, container.length + 1), 0, value)
  }

  copy(path: unknown, from: unknown): void {
    const value = this.get(from)
    if (isTooDeep(value)) throw unprocessable()
    const text = JSON.stringify(value)
    this.#copiedLength += text.length
    if (this.#copiedLength > mostCopied) throw unprocessable()
    this.add(path, JSON.parse(text))
  }

  replace(path: unknown, value: unknown): void {
    if (path === '') {
      if (typeof value !== 'object' || value === null) throw unprocessable()
      this.root = value
      return
    }
    const { container, key } = this.#open(path)
    if (Array.isArray(container)) container[indexOf(key, container.length)] = value
    else setField(container, key, value)
  }

  remove(path: unknown): unknown {
    const { container, key } = this.#open(path)
    if (Array.isArray(container)) return container.splice(indexOf(key, container.length), 1)[0]
    if (!Object.hasOwn(container, key)) throw unprocessable()
    const value = container[key]
    delete container[key]
    return value
  }

  /** The container that a path ends in, made this document's own together with those around it. */
  #open(path: unknown): { container: Container; key: string } {
    const tokens = tokensOf(path)
    find(this.root, tokens)
    this.root = this.#copied(this.root as Container)
    let container = this.root as Container
    for (const token of tokens.slice(0, -1)) {
      const inner = this.#copied(read(container, token) as Container)
      if (Array.isArray(container)) container[indexOf(token, container.length)] = inner
      else setField(container, token, inner)
      container = inner
    }
    return { container, key: tokens.at(-1)! }
  }

  #copied(container: Container): Container {
    if (this.#own.has(container)) return container
    const copy = Array.isArray(container) ? [...container] : { ...container }
    this.#own.add(copy)
    return copy
  }
}

/** The reference tokens of a JSON pointer (RFC 6901); what stands before the first slash does not count. */
function tokensOf(path: unknown): string[] {
  if (typeof path !== 'string') throw unprocessable()
  const tokens = path.split('/').slice(1)
  if (tokens.length === 0) throw unprocessable()
  return tokens.map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function find(root: unknown, tokens: readonly string[]): { container: Container; key: string } {
  let container = root
  for (const token of tokens.slice(0, -1)) {
    container = isContainer(container) ? read(container, token) : undefined
  }
  if (!isContainer(container)) throw unprocessable()
  return { container, key: tokens.at(-1)! }
}

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null

/** Null when there is no such field. */
function read(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[indexOf(key, container.length)]
  return Object.hasOwn(container, key) ? container[key] : null
}

/** An index below `length`; -1 is the last one. */
function indexOf(token: string, length: number): number {
  const index = /^[+-]?\d+$/.test(token) ? Number(token) : Number.NaN
  const counted = index < 0 ? index + length : index
  if (!(counted >= 0 && counted < length)) throw unprocessable()
  return counted
}

function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]))
  }
  if (!isObject(a)) return a === b
  if (!isObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && equal(a[key], b[key]))
  )
}
