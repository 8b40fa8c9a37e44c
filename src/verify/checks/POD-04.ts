// The page's fourth step: inside a Pod, the downward API's status.podIPs lists the Pod's addresses, and
// status.hostIPs those of its node (KEP-2681, on by default since 1.29), in the same order.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { listSome, nameOf, ofFamily } from '../nodefacts.ts'
import type { ScriptResult } from '../prober.ts'
import { fail, pass, type Verdict } from '../verdict.ts'

const script = 'echo "podIPs=$POD_IPS"; echo "hostIPs=$HOST_IPS"'

export interface Downward {
  readonly node: string
  /** Of the Pod's status. */
  readonly podIPs: readonly string[]
  /** What the environment said. */
  readonly said: Readonly<Record<'podIPs' | 'hostIPs', readonly string[]>>
}

const valuesOf = (stdout: string, name: string): readonly string[] => {
  const line = stdout.split('\n').find(each => each.startsWith(`${name}=`)) ?? ''
  return line
    .slice(name.length + 1)
    .split(',')
    .filter(value => value !== '')
}

export const parseDownward = (
  node: string,
  { stdout, podIPs }: Pick<ScriptResult, 'stdout' | 'podIPs'>,
): Downward => ({
  node,
  podIPs,
  said: { podIPs: valuesOf(stdout, 'podIPs'), hostIPs: valuesOf(stdout, 'hostIPs') },
})

const show = ({ node, podIPs, said }: Downward) =>
  `${node}: MY_POD_IPS=${said.podIPs.join(',') || '-'}, status ${podIPs.join(',') || '-'}`

export function judgeDownward(
  seen: readonly Downward[],
  options: { readonly family: IPFamily; readonly hasHostIPs: boolean },
): Verdict {
  const { family, hasHostIPs } = options
  const wrong = seen.filter(
    ({ podIPs, said }) => said.podIPs.join() !== podIPs.join() || ofFamily(said.podIPs, family).length === 0,
  )
  if (wrong.length > 0) {
    return fail({
      expected: {
        en: `status.podIPs in the environment as in the Pod's status, with an ${family} address`,
        ja: `環境変数のstatus.podIPsがPodのステータスと同じで、${family}アドレスを含むこと`,
      },
      observed: listSome(wrong.map(show), '; '),
      cause: {
        en: `The kubelet is too old to list all addresses, or the Pod has no ${family} address (see POD-01)`,
        ja: `kubeletが古く、すべてのアドレスを出力できないか、Podに${family}アドレスがありません(POD-01を参照)`,
      },
      remedy: {
        en: 'Upgrade the kubelet of these nodes to the version of the API server; where POD-01 fails as well, mend that first.',
        ja: 'これらのノードのkubeletをAPIサーバーと同じバージョンにアップグレードしてください。POD-01も失敗している場合は、先にそちらを修正してください。',
      },
    })
  }
  const evidence = seen.map(({ node, said }) => `${node}: ${said.podIPs.join(',')}`)
  if (!hasHostIPs) return pass(`${listSome(evidence, '; ')} (status.hostIPs: 1.29)`)
  const without = seen.filter(({ said }) => ofFamily(said.hostIPs, family).length === 0)
  if (without.length === 0) return pass(listSome(evidence, '; '))
  return fail({
    expected: {
      en: `status.hostIPs in the environment with the node's ${family} address`,
      ja: `環境変数のstatus.hostIPsにノードの${family}アドレスが含まれること`,
    },
    observed: listSome(
      without.map(({ node, said }) => `${node}: HOST_IPS=${said.hostIPs.join(',') || '-'}`),
      '; ',
    ),
    cause: {
      en: `The kubelet is older than 1.29, or the node has no ${family} address (see NODE-04)`,
      ja: `kubeletが1.29より古いか、ノードに${family}アドレスがありません(NODE-04を参照)`,
    },
    remedy: {
      en: 'Upgrade the kubelet of these nodes; where NODE-04 fails as well, mend that first, then restart the kubelet.',
      ja: 'これらのノードのkubeletをアップグレードしてください。NODE-04も失敗している場合は、先にそちらを修正し、kubeletを再起動してください。',
    },
  })
}

const firstMinorWithHostIPs = 29

export const downwardAPIListsAddresses = defineCheck({
  id: 'POD-04',
  title: {
    en: 'The downward API lists all addresses',
    ja: 'Downward APIがすべてのアドレスを公開する',
  },
  section: 'pods',
  severity: 'high',
  profile: 'standard',
  needs: ['probe'],
  requires: ['POD-01'],
  async run({ prober, inventory, families, version, signal }) {
    const nodes = await inventory.sampledNodes()
    const seen = await Promise.all(
      nodes.map(async node => {
        const result = await prober.run(script, { check: 'POD-04', node: nameOf(node), signal })
        return parseDownward(nameOf(node), result)
      }),
    )
    const hasHostIPs = version.major > 1 || version.minor >= firstMinorWithHostIPs
    return forEachFamily(families, family => judgeDownward(seen, { family, hasHostIPs }))
  },
})
