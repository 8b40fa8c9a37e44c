// What a simulated command has around it: files, names, addresses, time, and its own arguments and streams.
import type { Clock } from '../../component/clock.ts'
import type { ContainerFiles } from '../filesystem.ts'
import type { Input, Output } from './streams.ts'

export interface World {
  readonly files: ContainerFiles
  readonly hostname: string
  /** In the node's family order. */
  readonly podIPs: readonly string[]
  readonly user: { readonly uid: number; readonly gid: number }
  readonly clock: Clock
  /** Addresses of a name, by /etc/hosts and as cluster DNS would answer; empty when there is none. */
  readonly resolve: (name: string) => Promise<readonly string[]>
  /** Whom /etc/resolv.conf names first. */
  readonly nameserver: string
}

export interface Streams {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
}

export interface Invocation extends Streams {
  readonly name: string
  readonly args: readonly string[]
  readonly world: World
  readonly directory: string
  /** Exported ones. */
  readonly variables: ReadonlyMap<string, string>
  readonly signal: AbortSignal
  /** Runs another command with these variables: for env, xargs and the like. */
  readonly run: (
    argv: readonly string[],
    variables: ReadonlyMap<string, string>,
    streams: Streams,
  ) => Promise<number>
}

/** The exit code. */
export type CommandFunction = (invocation: Invocation) => Promise<number>
export type Commands = Readonly<Record<string, CommandFunction>>

/** Writes `name: message` and says how it ended. */
export async function fail({ name, stderr }: Invocation, message: string, exitCode = 1): Promise<number> {
  await stderr.write(`${name}: ${message}\n`)
  return exitCode
}

export interface Flags {
  readonly set: ReadonlySet<string>
  readonly values: ReadonlyMap<string, string>
  readonly operands: readonly string[]
  /** The first one that is not known. */
  readonly unknown?: string
}

/** `-abc -n 3 -n3 --long operand`; `withValue` lists the letters that take a value. */
export function parseFlags(args: readonly string[], known: string, withValue = ''): Flags {
  const set = new Set<string>()
  const values = new Map<string, string>()
  const operands: string[] = []
  let unknown: string | undefined
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!
    if (arg === '--') {
      operands.push(...args.slice(index + 1))
      break
    }
    if (!arg.startsWith('-') || arg === '-' || operands.length > 0) {
      operands.push(arg)
      continue
    }
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at]!
      if (withValue.includes(letter)) {
        values.set(letter, arg.slice(at + 1) || (args[++index] ?? ''))
        break
      }
      if (known.includes(letter)) set.add(letter)
      else unknown ??= letter
    }
  }
  return { set, values, operands, ...(unknown ? { unknown } : {}) }
}
