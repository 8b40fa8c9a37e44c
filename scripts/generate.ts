// Writes the build products derived from the Kubernetes API description: src/api/generated/.
import { mkdirSync, writeFileSync } from 'node:fs'
import { deriveTypes } from './schema/types.ts'

const target = new URL('../src/api/generated/', import.meta.url)
mkdirSync(target, { recursive: true })
writeFileSync(new URL('types.ts', target), deriveTypes())
