// Checks of documents that an administrator writes (audit policies, encryption configurations): what fields
// there are and what may be in them. A document that does not pass is refused with the path of the first
// field that is wrong.

export type Check = (value: unknown, path: string) => void

export type Fields = Readonly<Record<string, unknown>>

export function refuse(path: string, why: string): never {
  throw new Error(path === '' ? why : `${path}: ${why}`)
}

const shown = (value: unknown) => JSON.stringify(value) ?? 'nothing'

export const isText: Check = (value, path) => {
  if (typeof value !== 'string') refuse(path, `${shown(value)} is no string`)
}

export const isFlag: Check = (value, path) => {
  if (typeof value !== 'boolean') refuse(path, `${shown(value)} is neither true nor false`)
}

export const isAnything: Check = () => undefined

export const isOneOf =
  (known: readonly string[]): Check =>
  (value, path) => {
    if (!known.includes(value as string)) refuse(path, `${shown(value)} is not one of ${known.join(', ')}`)
  }

export const isListOf =
  (check: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) refuse(path, `${shown(value)} is no list`)
    for (const [index, item] of value.entries()) check(item, `${path}[${index}]`)
  }

export interface FieldChecks {
  readonly required?: Readonly<Record<string, Check>>
  readonly optional?: Readonly<Record<string, Check>>
}

/** A map with no other fields than these; null is as good as absent. */
export const hasFields =
  ({ required = {}, optional = {} }: FieldChecks): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      refuse(path, `${shown(value)} is no map of fields`)
    }
    const checks = { ...optional, ...required }
    const at = (name: string) => (path === '' ? name : `${path}.${name}`)
    for (const name of Object.keys(value)) {
      if (Object.hasOwn(checks, name)) continue
      refuse(at(name), `unknown field, expected some of ${Object.keys(checks).join(', ')}`)
    }
    for (const [name, check] of Object.entries(checks)) {
      const inner = (value as Fields)[name]
      if (inner !== undefined && inner !== null) check(inner, at(name))
      else if (Object.hasOwn(required, name)) refuse(at(name), 'it is missing')
    }
  }
