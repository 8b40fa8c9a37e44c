// The flags that say what a cluster is like, and how they become its settings.
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ClusterOptions } from '../cluster/config.ts'
import { type AccessFlags, accessOptions, addAccessFlags } from './accessflags.ts'
import { parseDuration } from './duration.ts'
import { addEtcdFlags, type EtcdFlags, etcdOptions } from './etcdflags.ts'
import { addObservationFlags, type ObservationFlags } from './observation.ts'

export interface UpFlags extends ClusterOptions, AccessFlags, EtcdFlags, ObservationFlags {
  readonly clusterCidr?: string[]
  readonly serviceClusterIpRange?: string[]
  readonly loadBalancerIpRange?: string[]
  readonly nodeIpRange?: string[]
  readonly ipFamilies?: string[]
  readonly defaultIpFamilyPolicy?: ClusterOptions['defaultIPFamilyPolicy']
  readonly nodeCidrMaskSizeIpv4?: number
  readonly nodeCidrMaskSizeIpv6?: number
  readonly leaderElectLeaseDuration?: number
  readonly image?: string[]
  readonly kubeconfig?: string
  readonly config?: string
  readonly detach?: boolean
}

const collect = (text: string, before: readonly string[] = []) => [...before, text]
const list = (text: string) => text.split(',')
const number = (text: string) => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}

/** The flags of `futago up`. */
export const addClusterOptions = (command: Command): Command =>
  addObservationFlags(addEtcdFlags(addAccessFlags(addOtherFlags(command))))

function addOtherFlags(command: Command): Command {
  return command
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
    .option('--store <store>', 'where objects live: memory, lmdb, lmdb:DIRECTORY or etcd:URL,...')
    .option('--cert-dir <directory>', 'the keys that all servers of a cluster share: ca.crt, ca.key, sa.key')
    .option(
      '--leader-elect-lease-duration <time>',
      'how long other servers wait for silent controllers before they go on with the work; default: 15s',
      parseDuration,
    )
    .option('--bind-address <address>', 'where to listen; default: every address of this host, both families')
    .option('--secure-port <port>', 'port of the API server, 0 takes a free one', number)
    .addOption(
      new Option(
        '--default-ip-family-policy <policy>',
        'for Services that say nothing about families',
      ).choices(['SingleStack', 'PreferDualStack', 'RequireDualStack']),
    )
    .addOption(
      new Option('--authorization-mode <mode>', 'who may do what; default: Node,RBAC').choices([
        'Node,RBAC',
        'RBAC',
        'AlwaysAllow',
      ]),
    )
    .option('--legacy-service-account-tokens', 'a token Secret for every ServiceAccount, as before 1.24')
    .option('--image <file>', 'an archive of images for nodes with containers; may be repeated', collect)
    .option('--kubeconfig <file>', 'write the kubeconfig there')
    .option('--config <file>', 'settings in YAML, named as the flags in camel case; flags win')
    .option('--detach', 'return when the cluster is ready; stop it with futago down')
}

function fromFlags(flags: UpFlags): ClusterOptions {
  const {
    clusterCidr,
    serviceClusterIpRange,
    loadBalancerIpRange,
    nodeIpRange,
    leaderElectLeaseDuration,
    image,
    ...rest
  } = flags
  const options = {
    ...rest,
    clusterCIDR: clusterCidr,
    serviceClusterIPRange: serviceClusterIpRange,
    loadBalancerIPRange: loadBalancerIpRange,
    nodeIPRange: nodeIpRange,
    images: image,
    leaderElectLeaseDurationMs: leaderElectLeaseDuration,
    ...accessOptions(flags),
    ...etcdOptions(flags),
    defaultIPFamilyPolicy: flags.defaultIpFamilyPolicy,
    nodeCIDRMaskSizeIPv4: flags.nodeCidrMaskSizeIpv4,
    nodeCIDRMaskSizeIPv6: flags.nodeCidrMaskSizeIpv6,
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** What the flags and the settings file say together; flags win. */
export async function withFile(flags: UpFlags): Promise<ClusterOptions> {
  if (!flags.config) return fromFlags(flags)
  const { loadConfigFile } = await import('../cluster/configfile.ts')
  return { ...loadConfigFile(flags.config), ...fromFlags(flags) }
}
