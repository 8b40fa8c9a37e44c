// Tokens from a file (`--token-auth-file`): one line of comma-separated values each, `token,user,uid` and
// optionally groups in quotes (upstream's pkg/authentication/token/tokenfile). They never end: for tests
// and for clients that know nothing better.
import type { User } from '../registry/registry.ts'
import type { TokenAuthenticator } from './tokenverifier.ts'

export interface StaticTokens {
  readonly authenticate: TokenAuthenticator
  /** What is odd about the file, a sentence each. */
  readonly warnings: readonly string[]
}

const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\r?$)/y

/** Records of comma-separated values (RFC 4180); empty lines are none. Throws where a quote is amiss. */
function parseRecords(text: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  field.lastIndex = 0
  while (field.lastIndex < text.length || record.length > 0) {
    const match = field.exec(text)
    if (!match) throw new Error(`a quote is amiss in record ${records.length + 1}`)
    const [, quoted, plain = '', end] = match
    record.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    if (record.length > 1 || record[0] !== '') records.push(record)
    record = []
  }
  return records
}

/** Reads the file's text. Throws an Error that says what is wrong with it. */
export function parseStaticTokens(text: string): StaticTokens {
  const users = new Map<string, User>()
  const warnings: string[] = []
  for (const [index, record] of parseRecords(text).entries()) {
    const [token = '', name = '', uid = '', groups] = record
    if (record.length < 3) {
      throw new Error(
        `record ${index + 1} has ${record.length} columns, expected at least 3 (token, user name, user uid)`,
      )
    }
    if (token === '') {
      warnings.push(`record ${index + 1} has an empty token and is left out`)
      continue
    }
    if (users.has(token)) warnings.push(`record ${index + 1} has a token that occurred before`)
    users.set(token, { name, ...(uid ? { uid } : {}), groups: groups ? groups.split(',') : [] })
  }
  return { authenticate: token => users.get(token), warnings }
}
