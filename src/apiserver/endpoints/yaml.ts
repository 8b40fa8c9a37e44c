// YAML bodies. What a document repeats by reference (`*name`) is written out, so that no two places of an
// object share a value, and a document that would become much larger that way is refused (as go-yaml does).
import { badRequest } from '../../api/status.ts'

/** Values and characters of a document that is written out; of a body of 3 MiB without references, fewer. */
const mostWritten = 4 * 1024 * 1024

/** js-yaml reads a hundred levels; only a value that holds itself has more. */
const mostLevels = 200

/** What is left of `most`; throws when the value is larger, or holds itself. */
function measure(value: unknown, most: number, level = 0): number {
  let left = most - (typeof value === 'string' ? value.length : 1)
  if (left < 0 || level > mostLevels) throw new Error('document contains excessive aliasing')
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      left = measure(inner, left - key.length, level + 1)
    }
  }
  return left
}

/** `kind` is what the document should be, for errors. Throws BadRequest. */
export async function parseYAML(text: string, kind: string): Promise<unknown> {
  const { load } = await import('js-yaml')
  try {
    const value = load(text)
    if (!text.includes('*')) return value
    measure(value, mostWritten)
    return JSON.parse(JSON.stringify(value) ?? 'null')
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): error parsing YAML: ${reason}`,
    )
  }
}
