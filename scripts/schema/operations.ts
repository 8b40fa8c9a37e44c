// Reads every operation of the Kubernetes API out of the text of the pinned @kubernetes/client-node
// package: path, method, and what goes in and comes out.
import { readdirSync, readFileSync } from 'node:fs'

const root = new URL('../../node_modules/@kubernetes/client-node/dist/gen/apis/', import.meta.url)

export interface Operation {
  readonly id: string
  readonly path: string
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options'
  /** The generator's class of the body and of the answer, empty where there is none. */
  readonly body: string
  readonly result: string
  readonly query: readonly string[]
}

const methodStart = /\n {4}async (\w+)\((?:[^\n]*)\) \{\n/g

/** The text of each method of a class, by name. */
function readMethods(source: string): Map<string, string> {
  const starts = [...source.matchAll(methodStart)]
  return new Map(
    starts.map((match, index) => [match[1]!, source.slice(match.index, starts[index + 1]?.index)]),
  )
}

function readFile(name: string): Operation[] {
  const source = readFileSync(new URL(name, root), 'utf8')
  const split = source.indexOf('ResponseProcessor {')
  const answers = readMethods(source.slice(split))
  return [...readMethods(source.slice(0, split))].flatMap(([id, text]) => {
    const path = /localVarPath = '([^']+)'/.exec(text)?.[1]
    const method = /HttpMethod\.(\w+)/.exec(text)?.[1]
    if (!path || !method) return []
    const body = /stringify\(ObjectSerializer\.serialize\(body, "([^"]+)"/.exec(text)?.[1] ?? ''
    const result = /deserialize\([^"]*"content-type"[^"]*"([^"]+)"|contentType\), "([^"]+)"/.exec(
      answers.get(`${id}WithHttpInfo`) ?? '',
    )
    return [
      {
        id,
        path,
        method: method.toLowerCase() as Operation['method'],
        body,
        result: result?.[1] ?? result?.[2] ?? '',
        query: [...text.matchAll(/setQueryParam\("([^"]+)"/g)].map(match => match[1]!),
      },
    ]
  })
}

/** `CoreV1Api.js` and its like, in order of name; files without a version describe discovery. */
export const apiFiles = (): readonly string[] =>
  readdirSync(root)
    .filter(name => name.endsWith('Api.js') && name !== 'CustomObjectsApi.js')
    .sort()

/** The operations of those files, by path. */
export const readOperations = (files = apiFiles()): readonly Operation[] =>
  files.flatMap(readFile).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
