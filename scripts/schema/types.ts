// Derives the TypeScript types of every Kubernetes kind. `V1Pod` becomes `Pod`; other versions keep theirs
// as a prefix (`V2HorizontalPodAutoscaler`).
import { type Model, readModels } from './models.ts'

const leaves: Record<string, string> = {
  Date: 'string',
  V1MicroTime: 'string',
  any: 'unknown',
  IntOrString: 'number | string',
  object: 'Record<string, unknown>',
}

export const typeName = (className: string) => className.replace(/^V1(?=[A-Z])/, '')

function typeOf(type: string): string {
  const array = /^(?:Array|Set)<(.*)>$/.exec(type)
  if (array) return wrap(typeOf(array[1]!))
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)
  if (map) return `Record<string, ${typeOf(map[1]!)}>`
  return leaves[type] ?? typeName(type)
}

const wrap = (type: string) => (type.includes('|') ? `(${type})[]` : `${type}[]`)
const isKind = (model: Model) =>
  ['apiVersion', 'kind', 'metadata'].every(name => model.fields.some(field => field.name === name))

function declare(model: Model): string {
  const fields = model.fields.map(field => {
    const required = field.required || (field.name === 'metadata' && isKind(model))
    const name = /^[a-zA-Z_$][\w$]*$/.test(field.name) ? field.name : `'${field.name}'`
    return `  ${name}${required ? '' : '?'}: ${typeOf(field.type)}\n`
  })
  return `export interface ${typeName(model.className)} {\n${fields.join('')}}\n`
}

/** The text of `types.ts`: one interface per live model. */
export function deriveTypes(): string {
  return ['// Derived at build time by scripts/generate.ts.\n', ...readModels().map(declare)].join('\n')
}
