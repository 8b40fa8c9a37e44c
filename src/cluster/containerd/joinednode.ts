// A node of a cluster on another machine. It has the network of the machine it is on, which it tidies up when
// it leaves; in all else it is as the nodes beside the cluster: the kernel ends its containers with it.
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Clock, systemClock } from '../../component/clock.ts'
import type { Logger, LogLevel } from '../../component/log.ts'
import { removeCgroup, removeEmptyCgroup } from '../../host/cgroups.ts'
import { type Exec, ExecError, hostExec } from '../../host/exec.ts'
import { listLinks, removeLink } from '../../host/link.ts'
import { ConfigError } from '../config.ts'
import { writePrivate } from '../statedirectory.ts'
import { GatewayRoutes } from './gatewayroutes.ts'
import { cgroupRoot, runRoot } from './hostnames.ts'
import { findObstacle, findPluginDirectory, hostFacts } from './hostrequirements.ts'
import { type Invitation, parseInvitation } from './invitation.ts'
import type { NodeConfig } from './nodeconfig.ts'
import { NodeMachine } from './nodemachine.ts'
import { killNode } from './remains.ts'

export interface JoinOptions {
  /** The text of the file that `futago node invite` made. */
  readonly kubeconfig: string
  /** Of the machine; the node's folder is made in it. */
  readonly stateRoot: string
  readonly command: readonly string[]
  readonly log: Logger
  readonly logLevel: LogLevel
  readonly podNetwork: NodeConfig['podNetwork']
}

export interface JoinedNode {
  readonly name: string
  readonly ready: Promise<void>
  /** Ends its containers and removes all of it but its folder. */
  leave(): Promise<void>
}

/** The tables of a node's parts, which a namespace of its own would take with it. */
const tables = ['futago-proxy', 'futago-policy', 'futago-loadbalancer', 'futago-egress']
const podBridge = 'cni0'

async function removeNetwork(exec: Exec, config: NodeConfig): Promise<void> {
  for (const table of tables) {
    await exec.run('nft', ['delete', 'table', 'inet', table]).catch(error => {
      if (!(error instanceof ExecError)) throw error
    })
  }
  await new GatewayRoutes(exec, config).cleanup()
  await removeLink(exec, podBridge)
}

async function findUplink(exec: Exec, { addresses }: Invitation): Promise<string> {
  const links = await listLinks(exec)
  const found = links.find(link => link.addresses.some(cidr => addresses.includes(cidr.split('/')[0]!)))
  if (found) return found.name
  throw new ConfigError(
    `Cannot join: this machine has none of the addresses ${addresses.join(', ')} that the node was invited with`,
  )
}

async function nodeConfigOf(options: JoinOptions, exec: Exec): Promise<NodeConfig> {
  const invitation = parseInvitation(options.kubeconfig)
  const directory = resolve(options.stateRoot, 'joined', invitation.name)
  const obstacle = await findObstacle(hostFacts(exec, directory))
  if (obstacle) throw new ConfigError(`Cannot join: ${obstacle}`)
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 6)
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  const kubeconfig = join(directory, 'kubeconfig')
  writePrivate(kubeconfig, options.kubeconfig)
  return {
    ...invitation,
    directory,
    runDirectory: join(runRoot, hash),
    cgroup: `${cgroupRoot}/${hash}`,
    kubeconfig,
    clusterDomain: 'cluster.local',
    podNetwork: options.podNetwork,
    uplink: await findUplink(exec, invitation),
    pluginDirectory: findPluginDirectory()!,
    labels: {},
    logLevel: options.logLevel,
  }
}

async function removeNode(config: NodeConfig, exec: Exec, clock: Clock): Promise<void> {
  await killNode(join(config.directory, 'init'), clock)
  await removeNetwork(exec, config)
  await removeCgroup(config.cgroup, clock)
  removeEmptyCgroup(cgroupRoot)
  rmSync(config.runDirectory, { recursive: true, force: true })
}

/** Starts the node; what an earlier one of the same name has left is removed first. Throws ConfigError. */
export async function joinCluster(
  options: JoinOptions,
  exec = hostExec,
  clock = systemClock,
): Promise<JoinedNode> {
  const config = await nodeConfigOf(options, exec)
  await removeNode(config, exec, clock)
  const { log, command } = options
  const machine = new NodeMachine({ exec, clock, log, config, command })
  try {
    await machine.start()
  } catch (error) {
    await removeNode(config, exec, clock)
    throw error
  }
  const leave = async () => {
    await machine.stop()
    await removeNode(config, exec, clock)
  }
  return { name: config.name, ready: machine.ready, leave }
}
