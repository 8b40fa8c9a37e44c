// Writes an OpenAPI document of version 2 in protobuf, which is the only form that kubectl asks for. The
// field numbers are those of gnostic's OpenAPIv2.proto (Apache-2.0).
import type { OpenAPIDocument } from './openapidocument.ts'
import type { Method, OpenAPIOperation, OpenAPIParameter, OpenAPIPath } from './openapipaths.ts'
import type { OpenAPISchema } from './openapischema.ts'

/** A message under construction: fields that are empty are left out, as proto3 has it. */
class Message {
  readonly #parts: Buffer[] = []
  #length = 0

  #add(part: Buffer) {
    this.#parts.push(part)
    this.#length += part.length
  }

  bytes(field: number, value: Buffer): this {
    this.#add(varint((field << 3) | 2))
    this.#add(varint(value.length))
    this.#add(value)
    return this
  }

  text(field: number, value: string | undefined): this {
    return value ? this.bytes(field, Buffer.from(value)) : this
  }

  texts(field: number, values: readonly string[] | undefined): this {
    for (const value of values ?? []) this.bytes(field, Buffer.from(value))
    return this
  }

  message(field: number, value: Message | undefined): this {
    return value ? this.bytes(field, value.join()) : this
  }

  flag(field: number, value: boolean | undefined): this {
    if (value) {
      this.#add(varint(field << 3))
      this.#add(varint(1))
    }
    return this
  }

  join(): Buffer {
    return Buffer.concat(this.#parts, this.#length)
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
  bytes.push(value)
  return Buffer.from(bytes)
}

/** A map's entry: the name, then the value. */
const named = (name: string, value: Message) => new Message().text(1, name).message(2, value)

/** JSON is YAML, which is what an extension's value is read as. */
const anyValue = (value: unknown) => new Message().text(2, JSON.stringify(value))

function extensions(message: Message, field: number, value: object): Message {
  for (const [name, content] of Object.entries(value)) {
    if (name.startsWith('x-')) message.message(field, named(name, anyValue(content)))
  }
  return message
}

function schemaMessage(schema: OpenAPISchema): Message {
  const { additionalProperties, items, properties } = schema
  const message = new Message()
    .text(1, schema.$ref)
    .text(2, schema.format)
    .text(4, schema.description)
    .texts(19, schema.required)
  if (additionalProperties) {
    message.message(21, new Message().message(1, schemaMessage(additionalProperties)))
  }
  if (schema.type) message.message(22, new Message().text(1, schema.type))
  if (items) message.message(23, new Message().message(1, schemaMessage(items)))
  if (properties) {
    const entries = new Message()
    for (const [name, value] of Object.entries(properties)) {
      entries.message(1, named(name, schemaMessage(value)))
    }
    message.message(25, entries)
  }
  return extensions(message, 31, schema)
}

/** As an item of a parameter list: a parameter, which is of the body or not. */
function parameterMessage({
  name,
  in: where,
  description,
  type,
  required,
  schema,
}: OpenAPIParameter): Message {
  const item = (parameter: Message) => new Message().message(1, parameter)
  if (where === 'body') {
    const body = new Message().text(1, description).text(2, name).text(3, where).flag(4, required)
    if (schema) body.message(5, schemaMessage(schema))
    return item(new Message().message(1, body))
  }
  const plain = new Message()
    .flag(1, required)
    .text(2, where)
    .text(3, description)
    .text(4, name)
    .text(where === 'query' ? 6 : 5, type)
  return item(new Message().message(2, new Message().message(where === 'query' ? 3 : 4, plain)))
}

function responses(result: string | undefined): Message {
  const ok = new Message().text(1, 'OK')
  if (result) {
    const reference = new Message().text(1, `#/definitions/${result}`)
    ok.message(2, new Message().message(1, reference))
  }
  const answer = (code: string, response: Message) => named(code, new Message().message(1, response))
  return new Message()
    .message(1, answer('200', ok))
    .message(1, answer('401', new Message().text(1, 'Unauthorized')))
}

function operationMessage(operation: OpenAPIOperation): Message {
  const message = new Message()
    .texts(1, operation.tags)
    .text(3, operation.description)
    .text(5, operation.operationId)
    .texts(6, operation.produces)
    .texts(7, operation.consumes)
  for (const parameter of operation.parameters) message.message(8, parameterMessage(parameter))
  message.message(9, responses(operation.result)).texts(10, ['https'])
  return extensions(message, 13, {
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.kind,
  })
}

const methodFields: Readonly<Record<Method, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 }

function pathMessage({ operations, parameters }: OpenAPIPath): Message {
  const message = new Message()
  for (const [method, field] of Object.entries(methodFields)) {
    const operation = operations[method as Method]
    if (operation) message.message(field, operationMessage(operation))
  }
  for (const parameter of parameters) message.message(9, parameterMessage(parameter))
  return message
}

/** The document of version 2 in protobuf. */
export function openAPIV2Proto({ version, paths, definitions }: OpenAPIDocument): Buffer {
  const all = new Message()
  for (const path of paths) all.message(2, named(path.path, pathMessage(path)))
  const schemas = new Message()
  for (const [name, schema] of definitions) schemas.message(1, named(name, schemaMessage(schema)))
  return new Message()
    .text(1, '2.0')
    .message(2, new Message().text(1, 'Kubernetes').text(2, version))
    .message(8, all)
    .message(9, schemas)
    .join()
}
