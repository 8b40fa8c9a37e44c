// `futago node`: the process of one node, and what is done to nodes from outside.
import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { StateDirectory } from '../../cluster/statedirectory.ts'
import { type LogLevel, openLogger } from '../../component/log.ts'
import { CommandError } from '../commanderror.ts'
import { openTracer } from '../observation.ts'
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
  const tracer = await openTracer(undefined, log)
  const stopping = new Promise<void>(resolve => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve())
  })
  // What asks for this process may be gone, and its Pods run on.
  process.on('disconnect', () => log.warn('the cluster that started this node is gone'))
  try {
    const node = await startNode(config, { log, tracer })
    await node.ready
    process.send?.({ ready: true })
    await stopping
    await node.stop()
    await tracer?.close()
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

interface InviteFlags {
  readonly cluster: string
  readonly nodeIp: string
}

async function invite(name: string, { cluster, nodeIp }: InviteFlags): Promise<void> {
  const directory = new StateDirectory(stateRoot(), cluster)
  const running = directory.running()
  if (!running) throw new CommandError(`Cannot invite a node: cluster ${cluster} is not running`)
  const { inviteToCluster } = await import('../../cluster/containerd/index.ts')
  const addresses = nodeIp.split(',')
  const port = Number(new URL(running.server).port)
  process.stdout.write(await inviteToCluster({ directory, name, addresses, port }))
}

interface JoinFlags {
  readonly kubeconfig: string
  readonly cni: 'bridge' | 'external'
  readonly logLevel: LogLevel
}

/** Serves a node of a cluster on another machine until it is told to stop. */
async function join({ kubeconfig, cni, logLevel }: JoinFlags): Promise<void> {
  const { joinCluster } = await import('../../cluster/containerd/joinednode.ts')
  const stopping = new Promise<void>(resolve => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve())
  })
  const node = await joinCluster({
    kubeconfig: readFileSync(kubeconfig, 'utf8'),
    stateRoot: stateRoot(),
    command: [process.execPath, process.argv[1]!],
    log: await openLogger({ level: logLevel, fd: 2 }),
    logLevel,
    podNetwork: cni,
  })
  try {
    await Promise.race([node.ready, stopping])
    process.stdout.write(`node ${node.name} is ready\n`)
    await stopping
  } finally {
    await node.leave()
  }
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
  node
    .command('invite <node>')
    .description('print the kubeconfig with which a node on another machine joins this cluster')
    .requiredOption('--node-ip <addresses>', "the node's addresses, one per family in the cluster's order")
    .option('--cluster <name>', 'the cluster, on this machine', 'default')
    .action(invite)
  node
    .command('join')
    .description('be a node of a cluster on another machine, until Ctrl-C')
    .requiredOption('--kubeconfig <file>', 'what `futago node invite` printed there')
    .addOption(
      new Option('--cni <kind>', 'who makes the Pod network; external: a plugin of your own')
        .choices(['bridge', 'external'])
        .default('bridge'),
    )
    .addOption(
      new Option('--log-level <level>', 'what to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('warn'),
    )
    .action(join)
}
