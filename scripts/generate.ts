// Writes the build products derived from the Kubernetes API description: src/api/generated/.
import { mkdirSync, writeFileSync } from 'node:fs'
import { readDefinitions } from './schema/definitions.ts'
import { structuralSchema } from './schema/structural.ts'
import { deriveTypes } from './schema/types.ts'

const target = new URL('../src/api/generated/', import.meta.url)
mkdirSync(target, { recursive: true })
writeFileSync(new URL('types.ts', target), deriveTypes())
const definitions = readDefinitions()
writeFileSync(new URL('schema.json', target), JSON.stringify(structuralSchema(definitions)))
