// `futago status`: the clusters of this machine and who serves them.
import type { Command } from 'commander'
import { formatAge } from '../../api/meta/age.ts'
import { StateDirectory } from '../../cluster/statedirectory.ts'
import { systemClock } from '../../component/clock.ts'
import { CommandError } from '../commanderror.ts'
import { stateRoot } from '../stateroot.ts'

const headings = ['NAME', 'STATUS', 'SERVER', 'NODES', 'FAMILIES', 'RUNTIME', 'STORE', 'PID', 'AGE']

/** One line a cluster, columns as wide as they must be. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('   ')
  return rows.map(row => `${line(row).trimEnd()}\n`).join('')
}

function describe(root: string, name: string, nowMs: number): string[] {
  const running = new StateDirectory(root, name).running()
  if (!running) return [name, 'Stopped', '-', '-', '-', '-', '-', '-', '-']
  return [
    name,
    'Running',
    running.server,
    String(running.nodes),
    running.ipFamilies.join(','),
    running.runtime,
    running.store,
    String(running.pid),
    formatAge(nowMs - Date.parse(running.startedAt)),
  ]
}

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('list the clusters of this machine')
    .option('--name <name>', 'only this one; exit code 1 when it is not running')
    .action((options: { name?: string }) => {
      const root = stateRoot()
      const names = options.name ? [options.name] : StateDirectory.list(root)
      if (names.length === 0) {
        process.stdout.write('No clusters. Start one with: futago up\n')
        return
      }
      const rows = names.map(name => describe(root, name, systemClock.now()))
      process.stdout.write(formatTable([headings, ...rows]))
      if (options.name && rows[0]![1] !== 'Running') {
        throw new CommandError(
          `cluster ${options.name} is not running, start it with: futago up --name ${options.name}`,
        )
      }
    })
}
