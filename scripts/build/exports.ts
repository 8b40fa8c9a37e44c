// What a module exports, by name, types too: read from the text of the sources, following `export * from`.
import { dirname, join } from 'node:path'

const declaration =
  /^export (?:declare |abstract |async )*(?:(const|let|class|function\*?)|(interface|type)) (\w+)/gm
const everything = /^export (type )?\* from '(\.[^']+)'/gm
const list = /^export (type )?\{([^}]*)\}/gm

export interface ExportedNames {
  readonly values: readonly string[]
  readonly types: readonly string[]
}

const fromList = (text: string, typesOnly: boolean) =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(item => ({
      isType: typesOnly || item.startsWith('type '),
      name: item
        .replace(/^type /, '')
        .split(' as ')
        .at(-1)!,
    }))

/** Of the module at `path`, sorted; `leaveOut` is asked about every module that it exports as a whole. */
export function exportedNames(
  path: string,
  read: (path: string) => string,
  leaveOut: (path: string) => boolean = () => false,
): ExportedNames {
  const text = read(path)
  const values = new Set<string>()
  const types = new Set<string>()
  for (const [, value, , name] of text.matchAll(declaration)) (value ? values : types).add(name!)
  for (const [, typesOnly, names] of text.matchAll(list)) {
    for (const { isType, name } of fromList(names!, typesOnly !== undefined))
      (isType ? types : values).add(name)
  }
  for (const [, typesOnly, target] of text.matchAll(everything)) {
    const from = join(dirname(path), target!)
    if (leaveOut(from)) continue
    const exported = exportedNames(from, read, leaveOut)
    // As a type only a class is of use.
    for (const name of exported.values) {
      if (!typesOnly) values.add(name)
      else if (/^[A-Z]/.test(name)) types.add(name)
    }
    for (const name of exported.types) types.add(name)
  }
  return { values: [...values].sort(), types: [...types].sort() }
}
