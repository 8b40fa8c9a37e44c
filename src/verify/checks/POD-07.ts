// What a Pod's own network looks like from inside, read from /proc and /sys: its IPv6 address is past
// duplicate address detection (RFC 4862) and how long that took, there is a default route per family, and the
// MTU is enough for IPv6 (1280, RFC 8200).
import { type IPFamily, unspecifiedAddress } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { listSome, nameOf } from '../nodefacts.ts'
import { type Finding, fail, pass, type Verdict } from '../verdict.ts'

/** Waits at most five seconds for addresses to settle. if_inet6: address index length scope flags name. */
const script = `
began=$(now)
tentative() {
  grep -v ' lo$' /proc/net/if_inet6 2>/dev/null | while read -r a i l s flags n; do
    case $(( 0x$flags & 0x40 )) in 0) ;; *) echo "$n" ;; esac
  done
}
while [ -n "$(tentative)" ] && [ $(( $(now) - began )) -lt 5000 ]; do sleep 0.1; done
echo "settled $(( $(now) - began ))"
grep -v ' lo$' /proc/net/if_inet6 2>/dev/null | while read -r a i l s flags n; do
  echo "inet6 $a $flags $n"
done
while read -r name dest gateway flags rest; do
  if [ "$dest" = 00000000 ]; then echo "default IPv4 $name"; fi
done < /proc/net/route
while read -r dest length source slength hop metric refs use flags name; do
  if [ "$length" = 00 ] && [ "$name" != lo ]; then echo "default IPv6 $name"; fi
done < /proc/net/ipv6_route 2>/dev/null
for device in /sys/class/net/*; do
  name=\${device##*/}
  case $name in
    lo|tunl0|sit0|ip6tnl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|ip6gre0) ;;
    *) echo "mtu $name $(cat "$device/mtu")" ;;
  esac
done
`

export interface PodNetwork {
  readonly node: string
  readonly settledMs: number
  readonly inet6: readonly { readonly address: string; readonly flags: number }[]
  /** Interface names. */
  readonly defaults: Readonly<Record<IPFamily, readonly string[]>>
  readonly mtus: readonly { readonly name: string; readonly mtu: number }[]
}

const linesOf = (stdout: string, word: string) =>
  stdout
    .split('\n')
    .map(line => line.split(' '))
    .filter(([first]) => first === word)
    .map(([, ...rest]) => rest)

const defaultsOf = (stdout: string, family: IPFamily) =>
  linesOf(stdout, 'default').flatMap(([of, name = '']) => (of === family ? [name] : []))

export const parsePodNetwork = (node: string, stdout: string): PodNetwork => ({
  node,
  settledMs: Number(linesOf(stdout, 'settled')[0]?.[0] ?? 0),
  inet6: linesOf(stdout, 'inet6').map(([address = '', flags = '0']) => ({
    address: address.replace(/(.{4})(?!$)/g, '$1:'),
    flags: Number.parseInt(flags, 16),
  })),
  defaults: {
    IPv4: defaultsOf(stdout, 'IPv4'),
    IPv6: defaultsOf(stdout, 'IPv6'),
  },
  mtus: linesOf(stdout, 'mtu').map(([name = '', mtu = '0']) => ({ name, mtu: Number(mtu) })),
})

const dadFailed = 0x08
const tentative = 0x40
const smallestMTU: Readonly<Record<IPFamily, number>> = { IPv4: 576, IPv6: 1280 }

const unsettled = ({ inet6 }: PodNetwork) =>
  inet6.filter(({ flags }) => (flags & (dadFailed | tentative)) !== 0)

interface Rule {
  readonly families: readonly IPFamily[]
  observe(network: PodNetwork, family: IPFamily): string | undefined
  readonly finding: (family: IPFamily) => Omit<Finding, 'observed'>
}

const rules: readonly Rule[] = [
  {
    families: ['IPv6'],
    observe: network => {
      const wrong = unsettled(network).map(
        ({ address, flags }) => `${address} ${flags & dadFailed ? 'dadfailed' : 'tentative'}`,
      )
      return wrong.length > 0 ? wrong.join(', ') : undefined
    },
    finding: () => ({
      expected: {
        en: 'no tentative or duplicate IPv6 address',
        ja: 'tentativeや重複のIPv6アドレスがないこと',
      },
      cause: {
        en: 'Duplicate address detection has not ended after 5 s, or another Pod or node has this address',
        ja: '重複アドレス検出が5秒後も終わっていないか、別のPodまたはノードが同じアドレスを使っています',
      },
      remedy: {
        en: 'Let the network plugin wait for the address or switch detection off in Pods (net.ipv6.conf.all.accept_dad=0); for a duplicate, find its owner with kubectl get pods -A -o wide.',
        ja: 'CNIプラグインがアドレスの確定を待つか、Pod内で検出を無効にしてください（net.ipv6.conf.all.accept_dad=0）。重複の場合は kubectl get pods -A -o wide で所有者を探してください。',
      },
    }),
  },
  // Before the routes: where the kernel took IPv6 off, they are gone too.
  {
    families: ['IPv4', 'IPv6'],
    observe: ({ mtus }, family) => {
      const small = mtus.filter(({ mtu }) => mtu < smallestMTU[family])
      return small.length > 0 ? small.map(({ name, mtu }) => `${name} MTU ${mtu}`).join(', ') : undefined
    },
    finding: family => ({
      expected: {
        en: `an MTU of at least ${smallestMTU[family]}`,
        ja: `MTUが${smallestMTU[family]}以上であること`,
      },
      cause: {
        en: 'Below 1280 the kernel takes IPv6 off the interface; overlays subtract their headers from the MTU',
        ja: '1280未満ではカーネルがインターフェースのIPv6を無効にします。オーバーレイはヘッダーの分だけMTUを減らします',
      },
      remedy: {
        en: 'Raise the MTU of the network plugin (its mtu setting) to at least 1280, and that of the node network by the size of the overlay header (VXLAN over IPv6: 70).',
        ja: 'CNIプラグインのMTU（mtu設定）を1280以上にし、ノードのネットワークのMTUをオーバーレイヘッダーの分（IPv6上のVXLANは70）だけ大きくしてください。',
      },
    }),
  },
  {
    families: ['IPv4', 'IPv6'],
    observe: ({ defaults }, family) => (defaults[family].length === 0 ? 'no default route' : undefined),
    finding: family => ({
      expected: { en: `a default route for ${family}`, ja: `${family}のデフォルトルートがあること` },
      cause: {
        en: `The network plugin gives Pods no ${family} gateway`,
        ja: `CNIプラグインがPodに${family}のゲートウェイを設定していません`,
      },
      remedy: {
        en: `Add the ${family} default route to the network plugin's configuration (for CNI's host-local: "routes": [..., {"dst": "${unspecifiedAddress[family]}/0"}]) and recreate the Pods.`,
        ja: `CNIプラグインの設定に${family}のデフォルトルートを追加し（host-localの場合: "routes": [..., {"dst": "${unspecifiedAddress[family]}/0"}]）、Podを作り直してください。`,
      },
    }),
  },
]

export function judgePodNetworks(networks: readonly PodNetwork[], family: IPFamily): Verdict {
  for (const { observe, finding } of rules.filter(rule => rule.families.includes(family))) {
    const wrong = networks.flatMap(network => {
      const what = observe(network, family)
      return what === undefined ? [] : [`${network.node}: ${what}`]
    })
    if (wrong.length > 0) return fail({ ...finding(family), observed: listSome(wrong, '; ') })
  }
  const slowest = Math.max(...networks.map(({ settledMs }) => settledMs))
  const mtus = [...new Set(networks.flatMap(({ mtus }) => mtus.map(({ mtu }) => mtu)))].join(', ')
  return pass(`default route, MTU ${mtus}, addresses usable within ${slowest} ms`)
}

export const podNetworksAreReady = defineCheck({
  id: 'POD-07',
  title: {
    en: 'Inside a Pod: usable addresses, default routes, MTU',
    ja: 'Pod内のアドレス、デフォルトルート、MTUが使える状態である',
  },
  section: 'pods',
  severity: 'high',
  profile: 'standard',
  needs: ['traffic'],
  requires: ['POD-01'],
  async run({ prober, inventory, families, signal }) {
    const nodes = await inventory.sampledNodes()
    const networks = await Promise.all(
      nodes.map(async node => {
        const { stdout } = await prober.run(script, { check: 'POD-07', node: nameOf(node), signal })
        return parsePodNetwork(nameOf(node), stdout)
      }),
    )
    return forEachFamily(families, family => judgePodNetworks(networks, family))
  },
})
