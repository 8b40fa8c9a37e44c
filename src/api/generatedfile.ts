// Where the products derived from the Kubernetes API description are found: beside this file in the source
// tree, and in dist/generated/ once bundled, wherever the bundler put this code.
import { existsSync, readFileSync } from 'node:fs'

const places = ['./generated/', '../generated/', '../../generated/'].map(
  path => new URL(path, import.meta.url),
)

/** The bytes of a product such as `schema.tsv` or `openapi/v2.pb.gz`. */
export function readGenerated(name: string): Buffer {
  for (const place of places) {
    const file = new URL(name, place)
    if (existsSync(file)) return readFileSync(file)
  }
  throw new Error(`Cannot find the derived file ${name}: expected it in generated/, run npm run generate`)
}
