// `futago kubeconfig`: how to reach a cluster, as a file's text or as its path.
import type { Command } from 'commander'
import { StateDirectory } from '../../cluster/statedirectory.ts'
import { CommandError } from '../commanderror.ts'
import { stateRoot } from '../stateroot.ts'

export function addKubeconfig(program: Command): void {
  program
    .command('kubeconfig')
    .description('print the kubeconfig of a cluster')
    .option('--name <name>', 'the cluster', 'default')
    .option('--path', 'print the path of the file instead of its text')
    .action((options: { name: string; path?: boolean }) => {
      const directory = new StateDirectory(stateRoot(), options.name)
      const path = directory.running()?.kubeconfig ?? directory.file('kubeconfig')
      const text = directory.read('kubeconfig')
      if (text === undefined) {
        throw new CommandError(
          `Cannot print the kubeconfig of cluster ${options.name}: there is none, expected: futago up --name ${options.name}`,
        )
      }
      process.stdout.write(options.path ? `${path}\n` : text)
    })
}
