// `futago version`: what this is, and which Kubernetes' API it serves.
import type { Command } from 'commander'
import { futagoVersion, versionInfo } from '../../component/version.ts'

export function addVersion(program: Command): void {
  program
    .command('version')
    .description('print the versions of futago, the Kubernetes API it serves and Node.js')
    .action(() => {
      process.stdout.write(
        `futago ${futagoVersion}\nKubernetes API ${versionInfo.gitVersion}\nNode.js ${process.version}\n`,
      )
    })
}
