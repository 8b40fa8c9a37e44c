// `futago down`: stops a cluster that runs detached or in another terminal; on request forgets it.
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { StateDirectory } from '../../cluster/statedirectory.ts'
import { systemClock } from '../../component/clock.ts'
import { CommandError } from '../commanderror.ts'
import { stateRoot } from '../stateroot.ts'

const patienceMs = 30_000

async function stop(directory: StateDirectory, name: string): Promise<boolean> {
  const running = directory.running()
  if (!running) return false
  process.kill(running.pid, 'SIGTERM')
  const deadline = systemClock.monotonic() + patienceMs
  while (directory.running()) {
    if (systemClock.monotonic() > deadline) {
      throw new CommandError(
        `Cannot stop cluster ${name}: process ${running.pid} still runs after ${patienceMs / 1000} s, expected: kill -9 ${running.pid}`,
      )
    }
    await pause(20)
  }
  return true
}

export function addDown(program: Command): void {
  program
    .command('down')
    .description('stop a cluster; its objects are kept for the next start')
    .option('--name <name>', 'the cluster', 'default')
    .option('--delete', 'also delete its objects, keys and kubeconfig')
    .action(async (options: { name: string; delete?: boolean }) => {
      const directory = new StateDirectory(stateRoot(), options.name)
      if (!directory.exists()) {
        process.stdout.write(`cluster ${options.name}: there is none\n`)
        return
      }
      const stopped = await stop(directory, options.name)
      const { removeClusterRemains } = await import('../../cluster/containerd/remains.ts')
      const hadRemains = await removeClusterRemains(directory.path)
      if (options.delete) directory.remove()
      const what = [
        stopped ? 'stopped' : 'was not running',
        ...(hadRemains ? ['its nodes removed'] : []),
        ...(options.delete ? ['deleted'] : []),
      ]
      process.stdout.write(`cluster ${options.name}: ${what.join(', ')}\n`)
    })
}
