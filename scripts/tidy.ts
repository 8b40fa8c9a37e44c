// The house rules as functions from a file's text to what is wrong with it; src/tidy.test.ts runs them over
// the tree. They lean on the formatter: a block that opens on a line ends at the next line with the same
// indentation.

export interface Problem {
  readonly line: number
  readonly text: string
}

/** Which folders a folder's files may import, besides themselves. Tests may import anything. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  ip: [],
  component: [],
  protobuf: [],
  x509: ['ip'],
  grpc: ['component'],
  storage: ['component', 'grpc', 'protobuf'],
  host: ['component'],
  api: ['ip', 'protobuf', 'x509'],
  client: ['streaming', 'api', 'ip', 'component'],
  streaming: ['api', 'ip', 'component'],
  apiserver: ['streaming', 'api', 'storage', 'x509', 'ip', 'component'],
  controllers: ['client', 'api', 'x509', 'ip', 'component'],
  scheduler: ['client', 'api', 'ip', 'component'],
  kubelet: ['streaming', 'client', 'api', 'x509', 'ip', 'component', 'host', 'grpc', 'protobuf'],
  network: ['client', 'api', 'ip', 'component', 'host'],
  verify: ['client', 'api', 'ip', 'component'],
  dashboard: ['client', 'api', 'component'],
  cluster: [
    'apiserver',
    'client',
    'api',
    'component',
    'controllers',
    'host',
    'ip',
    'kubelet',
    'network',
    'scheduler',
    'storage',
    'x509',
  ],
  cli: ['cluster', 'verify', 'client', 'api', 'ip', 'component'],
}

export const limits = { functionLines: 70, fileLines: 400, lineCharacters: 110 }

interface Ban {
  readonly pattern: RegExp
  readonly instead: string
  /** Files in which it is right, as prefixes of their paths below src/. */
  readonly except?: readonly string[]
}

const singularField = (name: string): Ban => ({
  pattern: new RegExp(`\\.${name}\\b`),
  instead: `the plural field ${name}s: a dual-stack object has several`,
  except: ['api/resources/'],
})

export const bans: readonly Ban[] = [
  {
    pattern: /\$\{[^}]*\}:\$\{[^}]*[pP]ort[^}]*\}/,
    instead: 'joinHostPort (IPv6 needs brackets)',
    except: ['ip/hostport.ts'],
  },
  { pattern: /[aA]ddress\w*\.split\(':'\)|[hH]ost\w*\.split\(':'\)/, instead: 'splitHostPort' },
  { pattern: /['"`](0\.0\.0\.0|127\.0\.0\.1)/, instead: 'a value per family', except: ['ip/'] },
  singularField('podIP'),
  singularField('clusterIP'),
  singularField('podCIDR'),
  singularField('hostIP'),
  { pattern: /\bisIPv[46]\(|[=!]== 'IPv[46]'/, instead: 'a loop over the families', except: ['ip/'] },
  { pattern: /\bsetTimeout\(|\bsetInterval\(/, instead: 'Clock.after', except: ['component/clock.ts'] },
  { pattern: /\bsetImmediate\(/, instead: 'nextTurn', except: ['component/clock.ts'] },
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    instead: 'Clock.now',
    except: ['component/clock.ts'],
  },
  { pattern: /\bconsole\./, instead: 'a Logger', except: ['cli/'] },
  { pattern: /\bprocess\.(env|argv)\b/, instead: 'an option handed in by cli/', except: ['cli/'] },
  { pattern: /^\s*(export )?(const )?enum\b/, instead: 'a union of string literals' },
  { pattern: /^\s*(export )?(declare )?namespace \w/, instead: 'a module' },
  { pattern: /\bexport default\b/, instead: 'a named export' },
  { pattern: /\bFIXME\b|\bTODO\b/, instead: 'an issue' },
]

const withoutComment = (line: string) => line.replace(/(^|\s)\/\/.*$|^\s*\*.*$|\/\*.*?\*\//g, '')

/** What is banned in one file; `path` is below src/. */
export function findBans(
  path: string,
  text: string,
  reasons: Readonly<Record<string, string>> = {},
): Problem[] {
  const active = bans.filter(ban => !ban.except?.some(prefix => path.startsWith(prefix)))
  return text.split('\n').flatMap((line, index) => {
    const code = withoutComment(line)
    return active
      .filter(ban => ban.pattern.test(code) && !reasons[`${path} ${ban.instead}`])
      .map(ban => ({ line: index + 1, text: `${code.trim()}: banned, use ${ban.instead}` }))
  })
}

/** The folders below src/ that a file imports from, with the lines. */
export function importsOf(path: string, text: string): { readonly line: number; readonly target: string }[] {
  const base = new URL(path, 'file:///')
  return text.split('\n').flatMap((line, index) =>
    [...line.matchAll(/(?:from |import |import\()'(\.[^']+)'/g)].map(match => ({
      line: index + 1,
      target: new URL(match[1]!, base).pathname.slice(1),
    })),
  )
}

const folderOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')

/** Siblings below network/ do not import each other, except nftables/. */
const isSiblingOfNetwork = (path: string, target: string) =>
  folderOf(path) === 'network' &&
  folderOf(target) === 'network' &&
  path.split('/')[1] !== target.split('/')[1] &&
  target.split('/')[1] !== 'nftables'

export function findForbiddenImports(path: string, text: string): Problem[] {
  const folder = folderOf(path)
  if (folder === '') return []
  const allowed = importTable[folder]
  if (!allowed) return [{ line: 1, text: `${folder}/ is not in the import table` }]
  return importsOf(path, text)
    .filter(({ target }) => {
      const from = folderOf(target)
      return (from !== folder && !allowed.includes(from)) || isSiblingOfNetwork(path, target)
    })
    .map(({ line, target }) => ({ line, text: `${folder}/ may not import ${target}` }))
}

const otherBlock = /^\s*(\} )?(if|else|for|while|switch|catch|try|do|(export )?(interface|type|class))\b/
const opensFunction = (line: string) => /(\)|\bfunction\b.*|=>)[^{}]*\{$/.test(line) && !otherBlock.test(line)

/** A message or an address that would not read better in pieces. */
const holdsOneText = (line: string) => /https?:\/\/|^\s*(\w+: )?(['"`]).*\2( \+|[,)]*)$/.test(line)

/** Functions, files and lines that are too long. */
export function findTooLong(path: string, text: string): Problem[] {
  const lines = text.trimEnd().split('\n')
  const problems: Problem[] = []
  if (lines.length > limits.fileLines) problems.push({ line: lines.length, text: `${lines.length} lines` })
  lines.forEach((line, index) => {
    if (line.length > limits.lineCharacters && !holdsOneText(line)) {
      problems.push({ line: index + 1, text: `${line.length} characters` })
    }
    if (path.endsWith('.test.ts') || !opensFunction(line)) return
    const indent = /^\s*/.exec(line)![0]
    const length = lines.slice(index + 1).findIndex(other => other.startsWith(`${indent}}`)) + 2
    if (length > limits.functionLines) {
      problems.push({ line: index + 1, text: `a function of ${length} lines: ${line.trim()}` })
    }
  })
  return problems
}

/** Each file opens with what it is and why. */
export function findMissingOpening(text: string): Problem[] {
  return /^(#!.*\n)?(\/\/ \S|\/\*\*)/.test(text)
    ? []
    : [{ line: 1, text: 'no opening comment: what is it, why' }]
}

/** Whether a file has something that runs, and so something to test; types alone have not. */
export function hasBehaviour(text: string): boolean {
  const code = text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .split('\n')
    .map(withoutComment)
  const types = /^(\s*(readonly )?\w+\??: |export type ).*=>/
  return code.some(line => !types.test(line) && /\b(function|class) \w|=>/.test(line))
}

/** Relative links in a document that lead nowhere. */
export function findDeadLinks(text: string, exists: (target: string) => boolean): Problem[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
        .filter(match => !exists(match[1]!))
        .map(match => ({ line: index + 1, text: `dead link ${match[1]}` })),
    )
}
