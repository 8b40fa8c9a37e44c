// `futago up`: starts a cluster and serves it until it is told to stop, or detaches.
import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ClusterOptions, loadConfig } from '../../cluster/config.ts'
import { StateDirectory } from '../../cluster/statedirectory.ts'
import { type LogLevel, openLogger } from '../../component/log.ts'
import { CommandError } from '../commanderror.ts'
import { stateRoot } from '../stateroot.ts'

interface UpFlags extends ClusterOptions {
  readonly clusterCidr?: string[]
  readonly serviceClusterIpRange?: string[]
  readonly loadBalancerIpRange?: string[]
  readonly nodeIpRange?: string[]
  readonly ipFamilies?: string[]
  readonly defaultIpFamilyPolicy?: ClusterOptions['defaultIPFamilyPolicy']
  readonly nodeCidrMaskSizeIpv4?: number
  readonly nodeCidrMaskSizeIpv6?: number
  readonly image?: string[]
  readonly kubeconfig?: string
  readonly config?: string
  readonly detach?: boolean
  readonly logLevel: LogLevel
}

const collect = (text: string, before: readonly string[] = []) => [...before, text]
const list = (text: string) => text.split(',')
const number = (text: string) => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}

export function addUp(program: Command): void {
  program
    .command('up')
    .description('start a cluster and serve it until Ctrl-C')
    .option(
      '--name <name>',
      'the cluster; several run side by side under different names and ports',
      'default',
    )
    .option('--nodes <count>', 'how many nodes', number)
    .addOption(
      new Option(
        '--runtime <name>',
        'what runs the Pods, default simulated; auto: containerd where this host can',
      ).choices(['auto', 'simulated', 'containerd']),
    )
    .addOption(
      new Option(
        '--cni <name>',
        'what connects containers: bridge, the default, or external: the plugin set up in /etc/cni/net.d',
      ).choices(['bridge', 'external']),
    )
    .option('--ip-families <families>', 'IPv4,IPv6 or IPv6,IPv4 or one of them; the first is primary', list)
    .option('--cluster-cidr <ranges>', 'addresses of Pods, one range per family', list)
    .option('--service-cluster-ip-range <ranges>', 'ClusterIPs of Services, one range per family', list)
    .option('--load-balancer-ip-range <ranges>', 'external addresses of LoadBalancer Services', list)
    .option('--node-ip-range <ranges>', 'addresses of nodes', list)
    .option('--node-cidr-mask-size-ipv4 <bits>', 'the IPv4 range that each node gets for its Pods', number)
    .option('--node-cidr-mask-size-ipv6 <bits>', 'the IPv6 range that each node gets for its Pods', number)
    .option('--service-node-port-range <first-last>', 'ports of NodePort Services')
    .option('--store <store>', 'where objects live: memory, lmdb or lmdb:DIRECTORY')
    .option('--bind-address <address>', 'where to listen; default: every address of this host, both families')
    .option('--secure-port <port>', 'port of the API server, 0 takes a free one', number)
    .addOption(
      new Option(
        '--default-ip-family-policy <policy>',
        'for Services that say nothing about families',
      ).choices(['SingleStack', 'PreferDualStack', 'RequireDualStack']),
    )
    .addOption(
      new Option('--authorization-mode <mode>', 'who may do what; default: RBAC').choices([
        'RBAC',
        'AlwaysAllow',
      ]),
    )
    .option('--legacy-service-account-tokens', 'a token Secret for every ServiceAccount, as before 1.24')
    .option('--image <file>', 'an archive of images for nodes with containers; may be repeated', collect)
    .option('--kubeconfig <file>', 'write the kubeconfig there')
    .option('--config <file>', 'settings in YAML, named as the flags in camel case; flags win')
    .option('--detach', 'return when the cluster is ready; stop it with futago down')
    .addOption(
      new Option('--log-level <level>', 'what to log to stderr, as JSON lines')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('warn'),
    )
    .action(up)
}

async function up(flags: UpFlags): Promise<void> {
  const options = await withFile(flags)
  loadConfig(options)
  if (flags.detach) return detach(options.name ?? 'default')
  const signal = onStopSignal()
  const { startCluster } = await import('../../cluster/cluster.ts')
  const cluster = await startCluster(options, {
    stateRoot: stateRoot(),
    ...(flags.kubeconfig ? { kubeconfigPath: flags.kubeconfig } : {}),
    log: await openLogger({ level: flags.logLevel, fd: 2 }),
    nodeLogLevel: flags.logLevel,
    command: [process.execPath, process.argv[1]!],
    notify,
    signal,
  })
  const text = `ready in ${Math.round(process.uptime() * 1000)} ms  kubeconfig: ${cluster.kubeconfigPath}`
  process.stdout.write(`${text}\n`)
  process.send?.({ ready: text })
  await aborted(signal)
  await cluster.stop()
}

function fromFlags(flags: UpFlags): ClusterOptions {
  const { clusterCidr, serviceClusterIpRange, loadBalancerIpRange, nodeIpRange, image, ...rest } = flags
  const options = {
    ...rest,
    clusterCIDR: clusterCidr,
    serviceClusterIPRange: serviceClusterIpRange,
    loadBalancerIPRange: loadBalancerIpRange,
    nodeIPRange: nodeIpRange,
    images: image,
    defaultIPFamilyPolicy: flags.defaultIpFamilyPolicy,
    nodeCIDRMaskSizeIPv4: flags.nodeCidrMaskSizeIpv4,
    nodeCIDRMaskSizeIPv6: flags.nodeCidrMaskSizeIpv6,
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

async function withFile(flags: UpFlags): Promise<ClusterOptions> {
  if (!flags.config) return fromFlags(flags)
  const { loadConfigFile } = await import('../../cluster/configfile.ts')
  return { ...loadConfigFile(flags.config), ...fromFlags(flags) }
}

/** To who waits at the terminal, also for a cluster in the background. */
function notify(text: string): void {
  if (process.send) process.send({ notice: text })
  else process.stderr.write(`futago: ${text}\n`)
}

/** Aborted by the first signal to stop; a second one does not wait for anything. */
function onStopSignal(): AbortSignal {
  const stopping = new AbortController()
  const stop = () => {
    if (stopping.signal.aborted) process.exit(130)
    stopping.abort(new CommandError('stopped before the cluster was ready'))
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop)
  return stopping.signal
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Starts the same command line again in the background and waits until it says that it is ready. */
async function detach(name: string): Promise<void> {
  const directory = new StateDirectory(stateRoot(), name)
  directory.create()
  const logFile = directory.file('log')
  const log = openSync(logFile, 'a', 0o600)
  const args = process.argv.slice(1).filter(argument => argument !== '--detach')
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'ignore', log, 'ipc'] })
  const outcome = await readiness(child)
  child.disconnect()
  child.unref()
  if (outcome.ready === undefined) {
    throw new CommandError(
      outcome.error ?? `Cannot start cluster ${name}: it stopped, expected an answer; see ${logFile}`,
    )
  }
  process.stdout.write(`${outcome.ready}\n`)
}

interface Outcome {
  readonly ready?: string
  readonly error?: string
}

function readiness(child: ChildProcess): Promise<Outcome> {
  return new Promise(resolve => {
    child.on('message', message => {
      const { notice, ...outcome } = message as Outcome & { notice?: string }
      if (notice) process.stderr.write(`futago: ${notice}\n`)
      else resolve(outcome)
    })
    child.once('exit', () => resolve({}))
    child.once('error', error => resolve({ error: `Cannot start in the background: ${error.message}` }))
  })
}
