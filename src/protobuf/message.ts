// Protobuf messages as plain objects, described field by field: `defineMessage({ id: text(1) })` reads and
// writes, and its TypeScript types follow from the description. As in proto3 (protobuf.dev/programming-
// guides/ proto3) nothing is sent for zero values, and a reader fills them in.
import { ProtobufReader, varintWire } from './reader.ts'
import { ProtobufWriter } from './writer.ts'

/** `Input` is what may be written, `Output` what was read. */
export interface Field<Input, Output> {
  readonly number: number
  readonly absent: Output
  write(writer: ProtobufWriter, value: Input): void
  /** Given what earlier occurrences said. */
  read(reader: ProtobufReader, wire: number, before: Output): Output
}

// biome-ignore lint/suspicious/noExplicitAny: any field is meant
type Fields = Readonly<Record<string, Field<any, any>>>

export type InputOf<F extends Fields> = {
  readonly [K in keyof F]?: (F[K] extends Field<infer Input, unknown> ? Input : never) | undefined
}
export type OutputOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<never, infer Output> ? Output : never
}

export interface Message<Input, Output> {
  encode(value: Input): Buffer
  decode(bytes: Buffer): Output
  write(writer: ProtobufWriter, value: Input): void
}

/** What a reader makes of a message. */
export type Read<M> = M extends Message<never, infer Output> ? Output : never
/** What a writer takes for a message. */
export type Written<M> = M extends Message<infer Input, unknown> ? Input : never

export const text = (number: number): Field<string, string> => ({
  number,
  absent: '',
  write(writer, value) {
    if (value !== '') writer.textField(number, value)
  },
  read: reader => reader.block().toString(),
})

export const bytes = (number: number): Field<Buffer, Buffer> => ({
  number,
  absent: Buffer.alloc(0),
  write(writer, value) {
    if (value.length > 0) writer.bytesField(number, value)
  },
  read: reader => Buffer.from(reader.block()),
})

/** All integers and enumerations; beyond 2^53, as of nanoseconds since 1970, they are rounded. */
export const integer = (number: number): Field<number, number> => ({
  number,
  absent: 0,
  write(writer, value) {
    if (value !== 0) writer.numberField(number, value)
  },
  read: reader => reader.integer(),
})

export const flag = (number: number): Field<boolean, boolean> => ({
  number,
  absent: false,
  write(writer, value) {
    if (value) writer.numberField(number, 1)
  },
  read: reader => reader.integer() !== 0,
})

/** The list with one more; all occurrences of a field in one message share one list. */
function appended<T>(before: readonly T[], value: T): readonly T[] {
  if (before.length === 0) return [value]
  const list = before as T[]
  list.push(value)
  return list
}

export const texts = (number: number): Field<readonly string[], readonly string[]> => ({
  number,
  absent: [],
  write(writer, values) {
    for (const value of [...values].reverse()) writer.textField(number, value)
  },
  read: (reader, _, before) => appended(before, reader.block().toString()),
})

export const integers = (number: number): Field<readonly number[], readonly number[]> => ({
  number,
  absent: [],
  write(writer, values) {
    if (values.length === 0) return
    const before = writer.length
    for (const value of [...values].reverse()) writer.varint(value)
    writer.endBlock(number, before)
  },
  read(reader, wire, before) {
    if (wire === varintWire) return appended(before, reader.integer())
    const packed = new ProtobufReader(reader.block())
    const values = [...before]
    while (!packed.isDone) values.push(packed.integer())
    return values
  },
})

function writeBlock<Input>(
  writer: ProtobufWriter,
  { number, type }: { readonly number: number; readonly type: Message<Input, unknown> },
  value: Input,
) {
  const before = writer.length
  type.write(writer, value)
  writer.endBlock(number, before)
}

export const message = <Input, Output>(
  number: number,
  type: Message<Input, Output>,
): Field<Input, Output | undefined> => ({
  number,
  absent: undefined,
  write: (writer, value) => writeBlock(writer, { number, type }, value),
  read: reader => type.decode(reader.block()),
})

export const messages = <Input, Output>(
  number: number,
  type: Message<Input, Output>,
): Field<readonly Input[], readonly Output[]> => ({
  number,
  absent: [],
  write(writer, values) {
    for (const value of [...values].reverse()) writeBlock(writer, { number, type }, value)
  },
  read: (reader, _, before) => appended(before, type.decode(reader.block())),
})

type Names = Readonly<Record<string, string>>

/** A map of texts: a message with key and value for each entry. */
export const textMap = (number: number): Field<Names, Names> => ({
  number,
  absent: {},
  write(writer, value) {
    for (const [name, content] of Object.entries(value).reverse()) {
      const before = writer.length
      writer.textField(2, content)
      writer.textField(1, name)
      writer.endBlock(number, before)
    }
  },
  read(reader, _, before) {
    const { key, value } = mapEntry.decode(reader.block())
    return { ...before, [key]: value }
  },
})

/** Fields of no known number are passed over. */
export function defineMessage<F extends Fields>(fields: F): Message<InputOf<F>, OutputOf<F>> {
  const entries = Object.entries(fields)
  // The writer goes from the end to the start.
  const backwards = [...entries].sort(([, a], [, b]) => b.number - a.number)
  const byNumber = new Map(entries.map(([name, field]) => [field.number, { name, field }]))
  const absent = Object.fromEntries(entries.map(([name, field]) => [name, field.absent]))
  const write = (writer: ProtobufWriter, value: InputOf<F>) => {
    for (const [name, field] of backwards) {
      const part = value[name as keyof F]
      if (part !== undefined) field.write(writer, part)
    }
  }
  return {
    write,
    encode(value) {
      const writer = new ProtobufWriter()
      write(writer, value)
      return writer.finish()
    },
    decode(bytes) {
      const reader = new ProtobufReader(bytes)
      const values: Record<string, unknown> = { ...absent }
      while (!reader.isDone) {
        const { number, wire } = reader.tag()
        const known = byNumber.get(number)
        if (known) values[known.name] = known.field.read(reader, wire, values[known.name])
        else reader.skip(wire)
      }
      return values as OutputOf<F>
    },
  }
}

const mapEntry = defineMessage({ key: text(1), value: text(2) })
