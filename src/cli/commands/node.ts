// `futago node`: the process of one node, and what is done to nodes from outside.
import type { Command } from 'commander'
import { StateDirectory } from '../../cluster/statedirectory.ts'
import { openLogger } from '../../component/log.ts'
import { CommandError } from '../commanderror.ts'
import { stateRoot } from '../stateroot.ts'

const message = (error: unknown) => (error instanceof Error ? error.message : String(error))

/**
 * Serves a node until it is told to stop; says to who started it when the node is Ready, or why it is not.
 */
async function run({ config: path }: { config: string }): Promise<void> {
  const { startNode } = await import('../../cluster/containerd/nodeprocess.ts')
  const { readNodeConfig } = await import('../../cluster/containerd/nodeconfig.ts')
  const config = readNodeConfig(path)
  const log = await openLogger({ level: config.logLevel, fd: 2 })
  const stopping = new Promise<void>(resolve => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve())
  })
  // What asks for this process may be gone, and its Pods run on.
  process.on('disconnect', () => log.warn('the cluster that started this node is gone'))
  try {
    const node = await startNode(config, { log })
    await node.ready
    process.send?.({ ready: true })
    await stopping
    await node.stop()
  } catch (error) {
    process.send?.({ error: message(error) })
    throw error
  }
}

async function loadImage(archives: readonly string[], { name }: { name: string }): Promise<void> {
  const directory = new StateDirectory(stateRoot(), name)
  const running = directory.running()
  if (!running) {
    throw new CommandError(
      `Cannot load images: cluster ${name} is not running, expected: futago up --name ${name}`,
    )
  }
  if (running.runtime !== 'containerd') {
    throw new CommandError(
      `Cannot load images: the nodes of cluster ${name} are simulated and need none, expected --runtime containerd`,
    )
  }
  const { loadImagesInto } = await import('../../cluster/containerd/index.ts')
  await loadImagesInto({ stateDirectory: directory.path, nodes: running.nodes, archives })
}

export function addNode(program: Command): void {
  const node = program.command('node').description('nodes of a cluster that runs containers')
  node
    .command('run', { hidden: true })
    .description('serve one node; started by `up`')
    .requiredOption('--config <file>', 'what `up` has written for it')
    .action(run)
  node
    .command('load-image <file...>')
    .description('load archives of images (docker save, OCI) into all nodes of a cluster on this machine')
    .option('--name <name>', 'the cluster', 'default')
    .action(loadImage)
}
