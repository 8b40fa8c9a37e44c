// The CNI configuration of a node (https://www.cni.dev/docs/spec/, version 1.0.0): the standard plugins
// bridge, host-local and portmap, with a range of addresses for each of the node's families in its order.
import { parseCIDR } from '../../ip/cidr.ts'
import { unspecifiedAddress } from '../../ip/family.ts'

export interface ConflistOptions {
  /** `node.spec.podCIDRs`. */
  readonly podCIDRs: readonly string[]
  readonly bridge: string
  readonly mtu: number
  /** Where host-local keeps which addresses are taken. */
  readonly dataDir: string
}

export const conflistName = '10-futago.conflist'

const defaultRoutes = (podCIDRs: readonly string[]) =>
  podCIDRs.flatMap(range => {
    const cidr = parseCIDR(range)
    return cidr ? [{ dst: `${unspecifiedAddress[cidr.family]}/0` }] : []
  })

/**
 * `hairpinMode` lets a Pod reach itself through a Service, and makes the plugin switch duplicate address
 * detection off in Pods, whose IPv6 addresses would otherwise be unusable for their first second
 * (containernetworking/plugins#680).
 */
export const planConflist = ({ podCIDRs, bridge, mtu, dataDir }: ConflistOptions): object => ({
  cniVersion: '1.0.0',
  name: 'futago',
  plugins: [
    {
      type: 'bridge',
      bridge,
      mtu,
      isGateway: true,
      hairpinMode: true,
      promiscMode: false,
      ipMasq: false,
      ipam: {
        type: 'host-local',
        dataDir,
        ranges: podCIDRs.map(subnet => [{ subnet }]),
        routes: defaultRoutes(podCIDRs),
      },
    },
    { type: 'portmap', capabilities: { portMappings: true }, snat: true },
  ],
})
