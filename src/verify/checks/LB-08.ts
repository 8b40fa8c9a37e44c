// What leads into the cluster already: the external addresses of LoadBalancer Services against the Services'
// families, and the families of Ingresses and Gateways, which answer for Services of any.
import type { Ingress, Service } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import { defineResource } from '../../api/resource.ts'
import { ingresses as ingressResource } from '../../api/resources/networking.k8s.io/ingress.ts'
import { StatusError } from '../../api/status.ts'
import type { IPFamily } from '../../ip/family.ts'
import { type CheckContext, defineCheck, forEachFamily } from '../check.ts'
import { listAll } from '../inventory.ts'
import { ingressOf } from '../loadbalancers.ts'
import { familiesOf, listSome } from '../nodefacts.ts'
import { namespacedName } from '../podfacts.ts'
import { familiesOfService } from '../trialservices.ts'
import { notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

interface Gateway extends KubeObject {
  readonly status?: { readonly addresses?: readonly { readonly type?: string; readonly value: string }[] }
}

const gatewayResource = defineResource<Gateway>({
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  kind: 'Gateway',
  resource: 'gateways',
  namespaced: true,
})

/** One way in, with the addresses (no names) that it says. */
export interface Entrance {
  readonly name: string
  readonly addresses: readonly string[]
  /** Which families it should have; absent: all. */
  readonly families?: readonly IPFamily[]
}

const isAddress = (address: string) => familiesOf([address]).length > 0

export function entrancesOf(seen: {
  readonly services: readonly Service[]
  readonly ingresses: readonly Ingress[]
  readonly gateways: readonly Gateway[]
}): readonly Entrance[] {
  const isOwn = ({ metadata }: Service) =>
    metadata.labels?.['app.kubernetes.io/managed-by'] === 'futago-verify'
  const all: readonly Entrance[] = [
    ...seen.services
      .filter(service => service.spec?.type === 'LoadBalancer' && !isOwn(service))
      .map(service => ({
        name: `Service ${namespacedName(service)}`,
        addresses: ingressOf(service).flatMap(({ ip }) => ip ?? []),
        families: familiesOfService(service),
      })),
    ...seen.ingresses.map(ingress => ({
      name: `Ingress ${namespacedName(ingress)}`,
      addresses: (ingress.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []),
    })),
    ...seen.gateways.map(gateway => ({
      name: `Gateway ${namespacedName(gateway)}`,
      addresses: (gateway.status?.addresses ?? []).map(({ value }) => value).filter(isAddress),
    })),
  ]
  return all.filter(({ addresses }) => addresses.length > 0)
}

const isWrong = ({ addresses, families }: Entrance, family: IPFamily) => {
  const has = familiesOf(addresses).includes(family)
  return families && !families.includes(family) ? has : !has
}

export function judgeEntrances(entrances: readonly Entrance[], family: IPFamily): Verdict {
  if (entrances.length === 0) {
    return notEvaluable({
      en: 'No load balancer, Ingress or Gateway has an address',
      ja: 'アドレスを持つロードバランサー、Ingress、Gatewayがありません',
    })
  }
  const wrong = entrances.filter(entrance => isWrong(entrance, family))
  if (wrong.length === 0) return pass(`${entrances.length} entrances`)
  return warn({
    expected: {
      en: `an ${family} address where the Service has ${family}, and none where it has not`,
      ja: `Serviceが${family}を持つ場合は${family}アドレスがあり、持たない場合はないこと`,
    },
    observed: listSome(
      wrong.map(({ name, addresses, families }) => {
        const of = families ? ` (${families.join(', ')})` : ''
        return `${name}${of}: ${addresses.join(', ')}`
      }),
      '; ',
    ),
    cause: {
      en: `The load balancer gave other families than the Service has, or the controller's own Service is single-stack`,
      ja: 'ロードバランサーがServiceと異なるファミリーを割り当てたか、コントローラー自身のServiceがシングルスタックです',
    },
    remedy: {
      en: "Set ipFamilyPolicy: PreferDualStack on the Service (for Ingresses and Gateways: on that of their controller; many charts call it service.ipFamilyPolicy), and give the load balancer's pool a range of each family.",
      ja: 'ServiceにipFamilyPolicy: PreferDualStackを設定し(IngressとGatewayではそのコントローラーのService。多くのチャートではservice.ipFamilyPolicy)、ロードバランサーのプールに各ファミリーの範囲を設定してください。',
    },
  })
}

/** By the code: an API group that the server has never heard of is answered in plain text. */
const ifServed = <T>(list: Promise<T[]>): Promise<T[]> =>
  list.catch(error => {
    if (error instanceof StatusError && error.code === 404) return []
    throw error
  })

async function readEntrances({ client, inventory }: CheckContext): Promise<readonly Entrance[]> {
  const [services, ingresses, gateways] = await Promise.all([
    inventory.services(),
    ifServed(listAll(client, ingressResource)),
    ifServed(listAll(client, gatewayResource)),
  ])
  return entrancesOf({ services, ingresses, gateways })
}

const lists = (group: string, resource: string) =>
  ({ group, resource, verbs: ['list'], scope: 'cluster' }) as const

export const entrancesHaveFamilies = defineCheck({
  id: 'LB-08',
  title: {
    en: 'Existing load balancers, Ingresses and Gateways have the families of their Services',
    ja: '既存のロードバランサー、Ingress、GatewayがServiceのファミリーと一致する',
  },
  section: 'loadBalancer',
  severity: 'information',
  profile: 'quick',
  permissions: [lists('networking.k8s.io', 'ingresses'), lists('gateway.networking.k8s.io', 'gateways')],
  async run(context) {
    const entrances = await readEntrances(context)
    return forEachFamily(context.families, family => judgeEntrances(entrances, family))
  },
})
