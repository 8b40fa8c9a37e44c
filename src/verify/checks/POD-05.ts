// The page's fifth step: /etc/hosts in a Pod names the Pod by its address of each family, and has the
// loopback name for IPv6.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { listSome, nameOf, ofFamily } from '../nodefacts.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

export interface HostsFile {
  readonly node: string
  readonly podIPs: readonly string[]
  readonly podName: string
  readonly text: string
}

/** Address -> names. */
export const parseHosts = (text: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    text
      .split('\n')
      .map(line => line.replace(/#.*/, '').trim().split(/\s+/))
      .filter(words => words.length > 1)
      .map(([address = '', ...names]) => [address, names] as const),
  )

const loopback = { IPv4: [], IPv6: ['::1'] } as const

export function judgeHosts(files: readonly HostsFile[], family: IPFamily): Verdict {
  const seen = files.map(file => {
    const hosts = parseHosts(file.text)
    const own = ofFamily(file.podIPs, family)
    const missing = own.filter(address => !hosts.get(address)?.includes(file.podName))
    const wanted = [...missing, ...loopback[family].filter(address => !hosts.has(address))]
    return { file, own, wanted }
  })
  if (seen.every(({ own }) => own.length === 0)) {
    return notEvaluable({
      en: `No Pod has an ${family} address (see POD-01)`,
      ja: `${family}アドレスを持つPodがありません（POD-01を参照）`,
    })
  }
  const wrong = seen.filter(({ own, wanted }) => own.length > 0 && wanted.length > 0)
  if (wrong.length === 0) {
    return pass(
      listSome(
        seen.map(({ file, own }) => `${file.node}: ${own.join(', ')} ${file.podName}`),
        '; ',
      ),
    )
  }
  return fail({
    expected: {
      en: `a line with the Pod's ${family} address and its name`,
      ja: `Podの${family}アドレスとPod名の行があること`,
    },
    observed: listSome(
      wrong.map(({ file, wanted }) => `${file.node}: no line for ${wanted.join(', ')}`),
      '; ',
    ),
    cause: {
      en: 'The kubelet did not know this address when it wrote the file: it is too old, or the network plugin reported the address late',
      ja: 'kubeletがファイルを書いた時点でこのアドレスを知りませんでした。kubeletが古いか、CNIプラグインの報告が遅れています',
    },
    remedy: {
      en: 'Recreate the Pod and look again; if it stays so, upgrade the kubelet of these nodes and the network plugin.',
      ja: 'Podを作り直して再確認してください。変わらない場合は、これらのノードのkubeletとCNIプラグインをアップグレードしてください。',
    },
  })
}

export const hostsFilesNamePods = defineCheck({
  id: 'POD-05',
  title: { en: '/etc/hosts of a Pod names all its addresses', ja: 'Podの/etc/hostsにすべてのアドレスがある' },
  section: 'pods',
  severity: 'medium',
  profile: 'standard',
  needs: ['probe'],
  requires: ['POD-01'],
  async run({ prober, inventory, families, signal }) {
    const nodes = await inventory.sampledNodes()
    const files = await Promise.all(
      nodes.map(async node => {
        const script = 'hostname; cat /etc/hosts'
        const { stdout, podIPs } = await prober.run(script, { check: 'POD-05', node: nameOf(node), signal })
        const [podName = '', ...lines] = stdout.split('\n')
        return { node: nameOf(node), podIPs, podName, text: lines.join('\n') }
      }),
    )
    return forEachFamily(families, family => judgeHosts(files, family))
  },
})
