// The kernel settings of nodes that dual stack rests on, read from /proc by a Pod in the node's network: IPv6
// is on, both families are forwarded, default routes are there, and router advertisements are still heard
// although the node forwards (accept_ra=2, or the learnt default route runs out).
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { ipRoute } from '../familywords.ts'
import { listSome, nameOf } from '../nodefacts.ts'
import { fail, pass, type Verdict } from '../verdict.ts'

const script = `
read_one() { cat "/proc/sys/net/$1" 2>/dev/null || echo missing; }
echo "forward IPv4 $(read_one ipv4/ip_forward)"
echo "forward IPv6 $(read_one ipv6/conf/all/forwarding)"
echo "disable $(read_one ipv6/conf/all/disable_ipv6)"
while read -r name dest gateway flags rest; do
  if [ "$dest" = 00000000 ]; then echo "default IPv4 $name"; fi
done < /proc/net/route
while read -r dest length source slength hop metric refs use flags name; do
  if [ "$length" = 00 ] && [ "$name" != lo ]; then
    echo "default IPv6 $name"
    if [ $(( 0x$flags & 0x40000 )) != 0 ]; then echo "ra $name $(read_one "ipv6/conf/$name/accept_ra")"; fi
  fi
done < /proc/net/ipv6_route 2>/dev/null
`

export interface NodeKernel {
  readonly node: string
  readonly disabledIPv6: string
  readonly forwarding: Readonly<Record<IPFamily, string>>
  readonly defaults: Readonly<Record<IPFamily, readonly string[]>>
  /** Interfaces whose default route was advertised, with accept_ra. */
  readonly advertised: readonly { readonly name: string; readonly acceptRA: string }[]
}

export function parseNodeKernel(node: string, stdout: string): NodeKernel {
  const lines = stdout.split('\n').map(line => line.split(' '))
  const find = (...words: string[]) =>
    lines.filter(line => words.every((word, index) => line[index] === word))
  const one = (...words: string[]) => find(...words)[0]?.[words.length] ?? 'missing'
  return {
    node,
    disabledIPv6: one('disable'),
    forwarding: { IPv4: one('forward', 'IPv4'), IPv6: one('forward', 'IPv6') },
    defaults: {
      IPv4: find('default', 'IPv4').map(([, , name = '']) => name),
      IPv6: find('default', 'IPv6').map(([, , name = '']) => name),
    },
    advertised: find('ra').map(([, name = '', acceptRA = '']) => ({ name, acceptRA })),
  }
}

const forwardingKey = { IPv4: 'net.ipv4.ip_forward', IPv6: 'net.ipv6.conf.all.forwarding' }

/** The sysctl lines that are wrong, with what is there. */
function wrongSettings(kernel: NodeKernel, family: IPFamily): { line: string; observed: string }[] {
  const { forwarding } = kernel
  const key = forwardingKey[family]
  const wrong =
    forwarding[family] === '1' ? [] : [{ line: `${key}=1`, observed: `${key}=${forwarding[family]}` }]
  return [...besides[family](kernel), ...wrong]
}

function wrongForIPv6({ disabledIPv6, advertised }: NodeKernel): { line: string; observed: string }[] {
  const disable = 'net.ipv6.conf.all.disable_ipv6'
  const wrong = disabledIPv6 === '0' ? [] : [{ line: `${disable}=0`, observed: `${disable}=${disabledIPv6}` }]
  for (const { name, acceptRA } of advertised.filter(({ acceptRA }) => acceptRA !== '2')) {
    const accept = `net.ipv6.conf.${name}.accept_ra`
    wrong.push({ line: `${accept}=2`, observed: `${accept}=${acceptRA} with an advertised default route` })
  }
  return wrong
}

const besides: Readonly<Record<IPFamily, typeof wrongForIPv6>> = { IPv4: () => [], IPv6: wrongForIPv6 }

export function judgeKernels(kernels: readonly NodeKernel[], family: IPFamily): Verdict {
  const wrong = kernels.flatMap(kernel =>
    wrongSettings(kernel, family).map(each => ({ ...each, node: kernel.node })),
  )
  if (wrong.length > 0) {
    const lines = [...new Set(wrong.map(({ line }) => line))]
    return fail({
      expected: { en: lines.join(', '), ja: lines.join('、') },
      observed: listSome(
        wrong.map(({ node, observed }) => `${node}: ${observed}`),
        '; ',
      ),
      cause: {
        en: 'The nodes were set up for one family, or a reload of the network reset the settings',
        ja: 'ノードが1つのファミリー向けに構成されているか、ネットワークの再読み込みで設定が戻っています',
      },
      remedy: {
        en: `Write these lines to /etc/sysctl.d/99-kubernetes.conf on the nodes and run sysctl --system: ${lines.join('; ')}`,
        ja: `ノードの/etc/sysctl.d/99-kubernetes.confに次の行を書き、sysctl --systemを実行してください: ${lines.join('; ')}`,
      },
    })
  }
  const without = kernels.filter(({ defaults }) => defaults[family].length === 0).map(({ node }) => node)
  if (without.length === 0) return pass(`${kernels.length} nodes: ${forwardingKey[family]}=1, default route`)
  return {
    outcome: 'warn',
    expected: { en: `a default route for ${family}`, ja: `${family}のデフォルトルートがあること` },
    observed: `no default route: ${listSome(without)}`,
    cause: {
      en: `These nodes do not reach beyond their own network over ${family}`,
      ja: `これらのノードは${family}で自分のネットワークの外へ到達できません`,
    },
    remedy: {
      en: `Give them a router for ${family} (${ipRoute[family]} add default via ...) unless this is intended, as in a cluster without a way out.`,
      ja: `外部へ出ないクラスターとして意図したものでなければ、${family}のルーターを設定してください（${ipRoute[family]} add default via ...）。`,
    },
  }
}

export const nodeKernelsAreReady = defineCheck({
  id: 'NODE-09',
  title: { en: 'Kernel settings and default routes of nodes', ja: 'ノードのカーネル設定とデフォルトルート' },
  section: 'nodes',
  severity: 'high',
  profile: 'full',
  needs: ['hostNetwork'],
  async run({ prober, inventory, families, signal }) {
    const nodes = await inventory.sampledNodes()
    const kernels = await Promise.all(
      nodes.map(async node => {
        const options = { check: 'NODE-09', node: nameOf(node), hostNetwork: true, signal }
        const { stdout } = await prober.run(script, options)
        return parseNodeKernel(nameOf(node), stdout)
      }),
    )
    return forEachFamily(families, family => judgeKernels(kernels, family))
  },
})
