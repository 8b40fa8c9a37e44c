// What a wait in a test says when it took too long: the objects as they were last seen, as YAML, what changes
// first.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'

const mostObjects = 3
const mostLines = 60

const labelOf = ({ metadata: { namespace, name } }: KubeObject) => (namespace ? `${namespace}/${name}` : name)

/** Without what nobody waits for, the status first. */
function essence(object: KubeObject): Record<string, unknown> {
  const { apiVersion: _, kind: __, metadata, status, ...rest } = object as KubeObject & { status?: unknown }
  const { managedFields: ___, uid: ____, namespace: _____, ...shown } = metadata
  return { ...(status === undefined ? {} : { status }), ...rest, metadata: shown }
}

/** A sentence, and the objects. `last` is one object, several, or undefined when there was none. */
export async function describeLast(resource: Resource, last: unknown): Promise<string> {
  const objects = (Array.isArray(last) ? last : last === undefined ? [] : [last]) as KubeObject[]
  if (objects.length === 0) return `there is no such ${resource.kind}`
  const { dump } = await import('js-yaml')
  const texts = objects.slice(0, mostObjects).map(object => {
    const lines = dump(essence(object), { noRefs: true, lineWidth: -1 }).trimEnd().split('\n')
    const cut = lines.length > mostLines ? [...lines.slice(0, mostLines), '...'] : lines
    return [`${resource.kind} ${labelOf(object)}:`, ...cut.map(line => `  ${line}`)].join('\n')
  })
  const others = objects.slice(mostObjects).map(labelOf)
  const rest = others.length > 0 ? `\nand ${others.join(', ')}` : ''
  return `last seen:\n${texts.join('\n')}${rest}`
}
