// Reads the API description out of the text of the pinned @kubernetes/client-node package. The package is
// never imported: its current major does not load on every Node this project supports.
import { readFileSync } from 'node:fs'

const root = new URL('../../node_modules/@kubernetes/client-node/dist/gen/', import.meta.url)

export interface ModelField {
  readonly name: string
  /**
   * As the generator writes it: `string`, `Array<V1Container>`, `{ [key: string]: string; }`, `V1PodSpec`.
   */
  readonly type: string
  readonly format: string
  readonly required: boolean
  readonly description: string
}

export interface Model {
  /** The generator's class name, such as `V1PodSpec`. */
  readonly className: string
  readonly description: string
  readonly fields: readonly ModelField[]
}

const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const unquote = (text: string) => text.replaceAll("\\'", "'").replaceAll('\\"', '"').trim()

function readModel(className: string): Model {
  const source = read(`models/${className}.js`)
  const declaration = read(`models/${className}.d.ts`)
  const map = source.slice(source.indexOf('attributeTypeMap = [') + 'attributeTypeMap = '.length)
  const attributes = JSON.parse(map.slice(0, map.indexOf('];') + 1)) as {
    baseName: string
    type: string
    format: string
  }[]
  const about = /\/\*\*\n\* ([\s\S]*?)\n\*\/\nexport declare class/.exec(declaration)?.[1] ?? ''
  const declared = new Map<string, { required: boolean; description: string }>()
  for (const match of declaration.matchAll(/(?:\/\*\*\n {4}\* ([^\n]*)\n {4}\*\/\n)? {4}'([^']+)'(\??): /g)) {
    declared.set(match[2]!, { required: match[3] === '', description: unquote(match[1] ?? '') })
  }
  const fields = attributes.map(({ baseName, type, format }) => {
    const field = declared.get(baseName) ?? declared.get(`_${baseName}`)
    return {
      name: baseName,
      type,
      format,
      required: field?.required ?? false,
      description: field?.description ?? '',
    }
  })
  return { className, description: unquote(about), fields }
}

/** Every live model: the package also ships stale files, which `all.js` does not name. */
export function readModels(): readonly Model[] {
  return [...read('models/all.js').matchAll(/models\/(\w+)\.js/g)]
    .map(match => match[1]!)
    .filter(name => read(`models/${name}.js`).includes('attributeTypeMap = ['))
    .map(readModel)
}
