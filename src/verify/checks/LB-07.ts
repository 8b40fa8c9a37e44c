// Balancers that are known by a name only: the name has A records exactly when the Service has IPv4, and AAAA
// records exactly when it has IPv6.
import type { Service } from '../../api/generated/types.ts'
import type { IPFamily } from '../../ip/family.ts'
import { sortedAddresses } from '../addresslists.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { recordTypes } from '../dnsprobe.ts'
import { listSome } from '../nodefacts.ts'
import { namespacedName } from '../podfacts.ts'
import { fail, pass, skip, type Verdict } from '../verdict.ts'

export interface NamedBalancer {
  readonly service: string
  readonly hostname: string
  /** Of the Service. */
  readonly families: readonly string[]
  readonly addresses: Readonly<Record<IPFamily, readonly string[]>>
}

const show = ({ service, hostname, addresses }: NamedBalancer, family: IPFamily) =>
  `${service} ${hostname}: ${recordTypes[family]} ${addresses[family].join(', ') || 'none'}`

export function judgeNames(balancers: readonly NamedBalancer[], family: IPFamily): Verdict {
  if (balancers.length === 0) {
    return skip({
      en: 'No load balancer here is known by a name only',
      ja: '名前だけで識別されるロードバランサーはありません',
    })
  }
  const wrong = balancers.filter(
    ({ families, addresses }) => families.includes(family) !== addresses[family].length > 0,
  )
  if (wrong.length === 0)
    return pass(
      listSome(
        balancers.map(balancer => show(balancer, family)),
        '; ',
      ),
    )
  return fail({
    expected: {
      en: `${recordTypes[family]} records exactly for the Services that have ${family}`,
      ja: `${family}を持つServiceにだけ${recordTypes[family]}レコードがあること`,
    },
    observed: listSome(
      wrong.map(balancer => show(balancer, family)),
      '; ',
    ),
    cause: {
      en: "The provider's load balancer was made for other families than the Service has now",
      ja: 'プロバイダーのロードバランサーが、現在のServiceとは異なるファミリーで作成されています',
    },
    remedy: {
      en: "Set the provider's dual-stack mode (AWS: service.beta.kubernetes.io/aws-load-balancer-ip-address-type: dualstack) and recreate the Service.",
      ja: 'プロバイダーのデュアルスタックモードを設定し（AWS: service.beta.kubernetes.io/aws-load-balancer-ip-address-type: dualstack）、Serviceを作り直してください。',
    },
  })
}

const namesOf = (service: Service): string[] =>
  (service.status?.loadBalancer?.ingress ?? []).flatMap(({ hostname, ip }) =>
    hostname && !ip ? [hostname] : [],
  )

export const balancerNamesResolve = defineCheck({
  id: 'LB-07',
  title: {
    en: 'Names of load balancers resolve by family',
    ja: 'ロードバランサーの名前がファミリーに応じて解決できる',
  },
  section: 'loadBalancer',
  severity: 'medium',
  profile: 'standard',
  needs: ['outside'],
  async run({ inventory, host, families }) {
    const all = await inventory.services()
    const named = all.flatMap(service => namesOf(service).map(hostname => ({ service, hostname })))
    const balancers = await Promise.all(
      named.map(async ({ service, hostname }) => ({
        service: namespacedName(service),
        hostname,
        families: service.spec?.ipFamilies ?? [],
        addresses: {
          IPv4: sortedAddresses(await host.resolve(hostname, 'IPv4')),
          IPv6: sortedAddresses(await host.resolve(hostname, 'IPv6')),
        },
      })),
    )
    return forEachFamily(families, family => judgeNames(balancers, family))
  },
})
