// The one door to nftables: transactions in, an outline of a table out. Behind it is the nft program, since
// its text is stable and documented and the kernel's netlink messages are neither. A transaction goes
// through a file: nft cannot read a socket pair, which is what a child's stdin is in Node.js.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Exec, ExecError } from '../../host/exec.ts'
import { formatTable, type Table } from './objects.ts'
import type { Transaction } from './transaction.ts'

/** A table without the elements of its sets: cheap to ask for, and it shows what somebody flushed. */
export interface TableOutline {
  /** Name -> how many rules. */
  readonly chains: ReadonlyMap<string, number>
  /** Sets and maps. */
  readonly collections: ReadonlySet<string>
}

export interface Nft {
  /** All of it or nothing; throws when the kernel refuses it, or for an operation that cannot be right. */
  run(transaction: Transaction): Promise<void>
  /** Undefined when there is no such table. */
  outline(table: Table): Promise<TableOutline | undefined>
}

interface ListedObject {
  readonly chain?: { readonly name: string }
  readonly rule?: { readonly chain: string }
  readonly set?: { readonly name: string }
  readonly map?: { readonly name: string }
}

const isNotFound = (error: unknown) =>
  error instanceof ExecError && error.stderr.includes('No such file or directory')

export function parseOutline(json: string): TableOutline {
  const chains = new Map<string, number>()
  const collections = new Set<string>()
  for (const { chain, rule, set, map } of (JSON.parse(json) as { nftables: ListedObject[] }).nftables) {
    if (chain) chains.set(chain.name, 0)
    if (rule) chains.set(rule.chain, (chains.get(rule.chain) ?? 0) + 1)
    const collection = set ?? map
    if (collection) collections.add(collection.name)
  }
  return { chains, collections }
}

/** Long enough for a table of a hundred thousand Services on a busy machine. */
const timeoutMs = 120_000

/** Works in the network namespace that `exec` is bound to. */
export class NftCommand implements Nft {
  readonly #exec: Exec

  constructor(exec: Exec) {
    this.#exec = exec
  }

  async run(transaction: Transaction): Promise<void> {
    if (transaction.problem) throw new Error(transaction.problem)
    if (transaction.isEmpty) return
    const directory = await mkdtemp(join(tmpdir(), 'futago-nft-'))
    try {
      const file = join(directory, 'transaction.nft')
      await writeFile(file, transaction.toString(), { mode: 0o600 })
      await this.#exec.run('nft', ['-f', file], { timeoutMs })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async outline(table: Table): Promise<TableOutline | undefined> {
    try {
      const args = ['--json', '--terse', 'list', 'table', ...formatTable(table).split(' ')]
      return parseOutline((await this.#exec.run('nft', args, { timeoutMs })).stdout)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
}
