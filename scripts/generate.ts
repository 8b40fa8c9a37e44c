// Writes the build products derived from the Kubernetes API description: src/api/generated/.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { formatSchema } from '../src/api/schemaformat.ts'
import { readDefinitions } from './schema/definitions.ts'
import { openAPIFiles } from './schema/openapi.ts'
import { structuralSchema } from './schema/structural.ts'
import { deriveTypes } from './schema/types.ts'

const target = new URL('../src/api/generated/', import.meta.url)
mkdirSync(new URL('openapi/', target), { recursive: true })

/** Leaves a file alone that is right already: others may be reading it. */
function write(name: string, content: string | Buffer) {
  const file = new URL(name, target)
  const bytes = Buffer.from(content)
  if (!existsSync(file) || !readFileSync(file).equals(bytes)) writeFileSync(file, bytes)
}

write('types.ts', deriveTypes())
const definitions = readDefinitions()
write('schema.tsv', formatSchema(structuralSchema(definitions)))
for (const [name, bytes] of openAPIFiles(definitions, 'v1.36.0')) write(name, bytes)
