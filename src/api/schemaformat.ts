// The form in which the derived schema is stored (generated/schema.json): small enough to parse at every
// start. Written by scripts/schema, read by schema.ts.

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
