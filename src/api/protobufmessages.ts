// What each message of Kubernetes' protobuf encoding is made of. Types come from the schema, field numbers
// from protobufnumbers.json: `1:name`, `2:( 1:hostPath )` for a message that JSON inlines, `24:items=list`
// for a value with a message of its own around it, such as the unions of JSONSchemaProps.

import { type Field, loadSchema, type Struct } from './schema.ts'
import { badRequest } from './status.ts'

export const brokenProtobuf = (why: string) => badRequest(`cannot read the protobuf body: ${why}`)

/** A value that is one thing or another: a schema, or several of them, a flag, or names. */
export type Union = 'list' | 'bool' | 'names'

/** How a message of its own holds a value; `wrapped`: a list in a message. */
export type Form = Union | 'wrapped'

export type Entry =
  | { readonly number: number; readonly field: Field; readonly form?: Form }
  | { readonly number: number; readonly inlined: Message }

export interface Message {
  readonly struct: Struct
  /** In the order of their numbers. */
  readonly entries: readonly Entry[]
  readonly byNumber: ReadonlyMap<number, Entry>
}

function parseEntry(struct: Struct, word: string, words: string[]): Entry {
  const [, number = '', name = '', form] = /^(\d+):([^=]+)(?:=(.*))?$/.exec(word) ?? []
  if (name === '(') return { number: Number(number), inlined: parseMessage(struct, words) }
  const field = struct.fields.get(name)
  if (!field) throw new Error(`Cannot number ${name}: ${struct.goName} has no such field`)
  return { number: Number(number), field, ...(form ? { form: form as Form } : {}) }
}

/** `1:name 2:( 1:hostPath 2:emptyDir )`, up to the closing parenthesis. */
function parseMessage(struct: Struct, words: string[]): Message {
  const entries: Entry[] = []
  for (let word = words.shift(); word !== undefined && word !== ')'; word = words.shift()) {
    if (word !== '') entries.push(parseEntry(struct, word, words))
  }
  return { struct, entries, byNumber: new Map(entries.map(entry => [entry.number, entry])) }
}

/** The messages of the schema's definitions, each prepared when first asked for. */
export class Messages {
  readonly #table: Readonly<Record<string, string>>
  readonly #known = new Map<Struct, Message>()

  constructor(table: Readonly<Record<string, string>>) {
    this.#table = table
  }

  /** Throws BadRequest for a definition that has no message. */
  of(struct: Struct): Message {
    const known = this.#known.get(struct)
    if (known) return known
    const found = this.#table[struct.name.replace(/^io\.k8s\.(api\.)?/, '')]
    if (found === undefined) throw brokenProtobuf(`${struct.goName} is only understood as JSON`)
    const message = parseMessage(struct, found.split(' '))
    this.#known.set(struct, message)
    return message
  }

  /** The schema of a definition, as JSONSchemaProps: what its unions hold. */
  get jsonSchema(): Message {
    return this.of(loadSchema().struct('JSONSchemaProps')!)
  }
}

let messages: Messages | undefined

/** Reads the numbers the first time, since most servers never see protobuf. */
export async function loadMessages(): Promise<Messages> {
  if (!messages) {
    const { default: table } = await import('./protobufnumbers.json', { with: { type: 'json' } })
    messages = new Messages(table)
  }
  return messages
}
