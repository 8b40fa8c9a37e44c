// The `futago` command: one file per command in commands/, each adding itself to the program. This folder
// is the only one that reads arguments, the environment and signals.
import { Command } from 'commander'
import { ConfigError } from '../cluster/config.ts'
import { keepAlive } from '../component/clock.ts'
import { futagoVersion } from '../component/version.ts'
import { CommandError } from './commanderror.ts'
import { addDown } from './commands/down.ts'
import { addKubeconfig } from './commands/kubeconfig.ts'
import { addNode } from './commands/node.ts'
import { addSnapshot } from './commands/snapshot.ts'
import { addStatus } from './commands/status.ts'
import { addUp } from './commands/up.ts'
import { addVerify } from './commands/verify.ts'
import { addVersion } from './commands/version.ts'

const commands = [addUp, addDown, addStatus, addKubeconfig, addNode, addSnapshot, addVerify, addVersion]

export function createProgram(): Command {
  const program = new Command('futago')
    .description('A dual-stack Kubernetes: every part of it speaks IPv4 and IPv6.')
    .version(futagoVersion, '-V, --version', 'print the version of futago')
    .showHelpAfterError('(see futago --help, or futago COMMAND --help)')
    .configureHelp({ sortOptions: false, sortSubcommands: false })
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  futago up                              a cluster with one node, on port 6443\n' +
        '  futago up --nodes 3 --ip-families IPv6,IPv4\n' +
        '  futago up --detach && export KUBECONFIG=$(futago kubeconfig --path)\n' +
        '  futago up --nodes 2 --runtime containerd   real containers (Linux, root)\n' +
        '  futago verify --output terminal --output html=report.html\n',
    )
  for (const add of commands) add(program)
  return program
}

/** Runs one command line; returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await keepAlive(() => createProgram().parseAsync(args, { from: 'user' }))
    return 0
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message, 2)
    if (error instanceof CommandError) return fail(error.message, error.exitCode)
    if (isOfTheSystem(error)) return fail(error.message, 2)
    return fail(error instanceof Error ? (error.stack ?? error.message) : String(error), 1)
  }
}

/** A full disk, missing rights, a file that is not there: the message says it all. */
const isOfTheSystem = (error: unknown): error is Error =>
  error instanceof Error && 'syscall' in error && 'code' in error

function fail(message: string, exitCode: number): number {
  process.stderr.write(`futago: ${message}\n`)
  process.send?.({ error: message, exitCode })
  return exitCode
}
