// The syntax rules for names, label keys and values, environment variables and ports: each function takes a
// text and returns what is wrong with it, nothing when it is fine. The sentences are those of apimachinery
// (pkg/util/validation), because clients and people match on them.
import type { NameRule } from '../resource.ts'

export type TextRule = (text: string) => readonly string[]

const fine: readonly string[] = []
const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomain = `${label}(\\.${label})*`
const underscoreLabel = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const underscoreSubdomain = `${underscoreLabel}(\\.${underscoreLabel})*`
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const configKeyFormat = '[-._a-zA-Z0-9]+'
const headerFormat = '[-A-Za-z0-9]+'
const percentFormat = '[0-9]+%'

const whole = (format: string) => new RegExp(`^(?:${format})$`)
const labelPattern = whole(label)
const subdomainPattern = whole(subdomain)
const underscoreSubdomainPattern = whole(underscoreSubdomain)
const label1035Pattern = whole(label1035)
const qualifiedPattern = whole(qualified)
const labelValuePattern = whole(`(${qualified})?`)
const configKeyPattern = whole(configKeyFormat)
const headerPattern = whole(headerFormat)
const percentPattern = whole(percentFormat)

/** The length in bytes, as Go counts. */
export function byteLength(text: string): number {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 127) return Buffer.byteLength(text)
  }
  return text.length
}

export const maxLengthText = (length: number) => `must be no more than ${length} bytes`
export const rangeText = (low: number, high: number) => `must be between ${low} and ${high}, inclusive`

function regexText(sentence: string, format: string, examples: readonly string[] = []): string {
  if (examples.length === 0) return `${sentence} (regex used for validation is '${format}')`
  const shown = examples.map(example => `'${example}'`).join(',  or ')
  return `${sentence} (e.g. ${shown}, regex used for validation is '${format}')`
}

const labelText = regexText(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and " +
    'must start and end with an alphanumeric character',
  label,
  ['my-name', '123-abc'],
)
const subdomainText = regexText(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " +
    "'.', and must start and end with an alphanumeric character",
  subdomain,
  ['example.com'],
)
const underscoreSubdomainText = regexText(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', " +
    "'-' or '.', and must start and end with an alphanumeric character",
  underscoreSubdomain,
  ['example.com'],
)
const label1035Text = regexText(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an " +
    'alphabetic character, and end with an alphanumeric character',
  label1035,
  ['my-name', 'abc-123'],
)
const qualifiedText = regexText(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
    'alphanumeric character',
  qualified,
  ['MyName', 'my.name', '123-abc'],
)
const labelValueText = regexText(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or " +
    "'.', and must start and end with an alphanumeric character",
  `(${qualified})?`,
  ['MyValue', 'my_value', '12345'],
)
const configKeyText = regexText(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  configKeyFormat,
  ['key.name', 'KEY_NAME', 'key-name'],
)
const headerText = regexText(
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  headerFormat,
  ['X-Header-Name'],
)
const percentText = regexText(
  "a valid percent string must be a numeric string followed by an ending '%'",
  percentFormat,
  ['1%', '93%'],
)

interface Pattern {
  readonly pattern: RegExp
  readonly max: number
  readonly text: string
}

function check(text: string, { pattern, max, text: sentence }: Pattern): readonly string[] {
  if (text.length <= max && pattern.test(text)) return fine
  const problems: string[] = []
  if (byteLength(text) > max) problems.push(maxLengthText(max))
  if (!pattern.test(text)) problems.push(sentence)
  return problems
}

const subdomainRule: Pattern = { pattern: subdomainPattern, max: 253, text: subdomainText }
const underscoreSubdomainRule: Pattern = {
  pattern: underscoreSubdomainPattern,
  max: 253,
  text: underscoreSubdomainText,
}
const label1035Rule: Pattern = { pattern: label1035Pattern, max: 63, text: label1035Text }
const labelValueRule: Pattern = { pattern: labelValuePattern, max: 63, text: labelValueText }

export const dns1123Subdomain: TextRule = text => check(text, subdomainRule)
export const dns1123SubdomainWithUnderscore: TextRule = text => check(text, underscoreSubdomainRule)
export const dns1035Label: TextRule = text => check(text, label1035Rule)
export const labelValue: TextRule = text => check(text, labelValueRule)

/** A name that has dots but is fine otherwise is told just that. */
export function dns1123Label(text: string): readonly string[] {
  if (text.length <= 63 && labelPattern.test(text)) return fine
  const problems: string[] = []
  if (byteLength(text) > 63) problems.push(maxLengthText(63))
  if (!labelPattern.test(text)) {
    problems.push(subdomainPattern.test(text) ? 'must not contain dots' : labelText)
  }
  return problems
}

/** What can stand between two slashes of a URL: the names of roles and bindings. */
export function pathSegment(text: string): readonly string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`]
  return pathSegmentPrefix(text)
}

function pathSegmentPrefix(text: string): readonly string[] {
  return ['/', '%'].filter(part => text.includes(part)).map(part => `may not contain '${part}'`)
}

/** A label key: an optional DNS subdomain and `/`, then a name. Finalizers and resources are such too. */
export function qualifiedName(text: string): readonly string[] {
  const slash = text.indexOf('/')
  const name = slash < 0 ? text : text.slice(slash + 1)
  if (name.includes('/')) {
    return [
      `a valid label key ${qualifiedText} with an optional DNS subdomain prefix and '/' ` +
        "(e.g. 'example.com/MyName')",
    ]
  }
  const problems: string[] = []
  if (slash === 0) problems.push('prefix part must be non-empty')
  else if (slash > 0) {
    for (const problem of dns1123Subdomain(text.slice(0, slash))) problems.push(`prefix part ${problem}`)
  }
  if (name === '') problems.push('name part must be non-empty')
  else if (byteLength(name) > 63) problems.push(`name part ${maxLengthText(63)}`)
  if (!qualifiedPattern.test(name)) problems.push(`name part ${qualifiedText}`)
  return problems
}

export const httpHeaderName: TextRule = text => (headerPattern.test(text) ? fine : [headerText])
export const percentString: TextRule = text => (percentPattern.test(text) ? fine : [percentText])

/** Any printable ASCII but `=` (KEP-4369). */
export function environmentVariableName(text: string): readonly string[] {
  if (text === '') return ['environment variable name must be non-empty']
  if (/^[ -<>-~]+$/.test(text)) return fine
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

/** A key of a ConfigMap or Secret: a file name. */
export function configMapKey(text: string): readonly string[] {
  if (text.length <= 253 && configKeyPattern.test(text) && !text.startsWith('.')) return fine
  const problems: string[] = []
  if (byteLength(text) > 253) problems.push(maxLengthText(253))
  if (!configKeyPattern.test(text)) problems.push(configKeyText)
  if (text === '.') problems.push("must not be '.'")
  else if (text === '..') problems.push("must not be '..'")
  else if (text.startsWith('..')) problems.push("must not start with '..'")
  return problems
}

/** An IANA service name (RFC 6335), as container and Service ports bear. */
export function portName(text: string): readonly string[] {
  const problems: string[] = []
  if (byteLength(text) > 15) problems.push(maxLengthText(15))
  if (!/^[-a-z0-9]+$/.test(text)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!/[a-z]/.test(text)) problems.push('must contain at least one letter (a-z)')
  if (text.includes('--')) problems.push('must not contain consecutive hyphens')
  if (text.startsWith('-') || text.endsWith('-')) problems.push('must not begin or end with a hyphen')
  return problems
}

export const portNumber = (port: number): readonly string[] =>
  Number.isInteger(port) && port >= 1 && port <= 65535 ? fine : [rangeText(1, 65535)]

const nameRules: Readonly<Record<NameRule, TextRule>> = {
  dns1123Subdomain,
  dns1123Label,
  dns1035Label,
  pathSegment,
}

/** What is wrong with a name under a rule. A `generateName` prefix may end in a hyphen: more follows. */
export function checkName(rule: NameRule, name: string, options?: { readonly prefix: boolean }) {
  if (!options?.prefix) return nameRules[rule](name)
  if (rule === 'pathSegment') return pathSegmentPrefix(name)
  return nameRules[rule](name.endsWith('-') ? `${name.slice(0, -1)}a` : name)
}
