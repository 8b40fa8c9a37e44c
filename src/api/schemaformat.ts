// The form in which the derived schema is stored (generated/schema.tsv): a line for each definition, of which
// a start parses only those that it needs. Written by scripts/schema, read by schema.ts.
import type { GroupVersionKind } from './object.ts'

/**
 * A field's type, then its flags. Types: `s` string, `b` boolean, `i` int32, `l` int64, `d` double, `y`
 * bytes, `t` time, `m` time with microseconds, `q` quantity, `p` integer or string, `a` anything, `@Name` a
 * definition, before it `[` for a list and `{` for a map. Flags, after a space: `!` required, `~` an empty
 * value disappears, `+` always there.
 */
export type FieldCode = string

export interface StoredDefinition {
  /** `io.k8s.api.core.v1.PodSpec`. */
  readonly name: string
  /** Group, for a kind. */
  readonly group?: string
  readonly fields: Readonly<Record<string, FieldCode>>
  /** List type `:` keys, patch strategies `:` merge key, with `-` for none: see scripts/schema/facts.ts. */
  readonly merge?: Readonly<Record<string, string>>
  readonly atomic?: true
}

export type StoredSchema = Readonly<Record<string, StoredDefinition>>

/** What the lines say before they are parsed. */
export interface SchemaIndex {
  /** Type -> its definition as JSON. */
  readonly definitions: ReadonlyMap<string, string>
  /** `kindKey` -> type. */
  readonly kinds: ReadonlyMap<string, string>
}

/** `apps/v1/Deployment`, `/v1/Pod`. */
export const kindKey = ({ group, version, kind }: GroupVersionKind): string => `${group}/${version}/${kind}`

/** The last two parts of `io.k8s.api.core.v1.Pod`. */
function kindOf({ name, group }: StoredDefinition): GroupVersionKind | undefined {
  if (group === undefined) return undefined
  const [version, kind] = name.split('.').slice(-2) as [string, string]
  return { group, version, kind }
}

/** Lines of type, `kindKey` for a kind or nothing, and the definition as JSON, with tabs between. */
export function formatSchema(schema: StoredSchema): string {
  const lines = Object.entries(schema).map(([type, definition]) => {
    const kind = kindOf(definition)
    return [type, kind ? kindKey(kind) : '', JSON.stringify(definition)].join('\t')
  })
  return lines.join('\n')
}

export function indexSchema(text: string): SchemaIndex {
  const definitions = new Map<string, string>()
  const kinds = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [type, key, definition] = line.split('\t') as [string, string, string]
    definitions.set(type, definition)
    if (key) kinds.set(key, type)
  }
  return { definitions, kinds }
}
