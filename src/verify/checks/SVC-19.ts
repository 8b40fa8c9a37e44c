// The bookkeeping of ClusterIPs (KEP-1880, since 1.33): the ServiceCIDRs are ready and of the families that
// are wanted, every ClusterIP has its IPAddress, no IPAddress is without a Service, and there is room left.
import type { IPAddress, Service, ServiceCIDR } from '../../api/generated/types.ts'
import { isConditionTrue } from '../../api/meta/conditions.ts'
import { services as serviceResource } from '../../api/resources/core/service.ts'
import { ipAddresses as addressResource } from '../../api/resources/networking.k8s.io/ipaddress.ts'
import { isNotFound } from '../../api/status.ts'
import { canonicalAddress } from '../../ip/address.ts'
import { cidrSize } from '../../ip/cidr.ts'
import { familyOf, type IPFamily } from '../../ip/family.ts'
import { type CheckContext, defineCheck, forEachFamily } from '../check.ts'
import { listSome, nameOf } from '../nodefacts.ts'
import { namespacedName } from '../podfacts.ts'
import { contains, ownedRanges, showRange } from '../ranges.ts'
import type { Text } from '../text.ts'
import { clusterIPsOf, notConfigured } from '../trialservices.ts'
import { fail, pass, skip, type Verdict, warn } from '../verdict.ts'

export interface Books {
  readonly serviceCIDRs: readonly ServiceCIDR[]
  readonly ipAddresses: readonly IPAddress[]
  readonly services: readonly Service[]
}

/** A ClusterIP without its IPAddress, or an IPAddress without its Service. */
export interface Discrepancy {
  readonly address: string
  readonly kind: 'unrecorded' | 'orphaned'
  /** `default/web`, whose it is or should be. */
  readonly service: string
}

const parentOf = ({ spec }: IPAddress) => `${spec?.parentRef.namespace ?? ''}/${spec?.parentRef.name ?? ''}`

const isOfService = ({ spec }: IPAddress) => spec?.parentRef.resource === 'services'

export function findDiscrepancies({ ipAddresses, services }: Books): readonly Discrepancy[] {
  const recorded = new Map(ipAddresses.map(address => [nameOf(address), address]))
  const held = new Map<string, string>()
  for (const service of services) {
    for (const address of clusterIPsOf(service)) {
      held.set(canonicalAddress(address) ?? address, namespacedName(service))
    }
  }
  const unrecorded = [...held].filter(([address, service]) => {
    const record = recorded.get(address)
    return !record || parentOf(record) !== service
  })
  const orphaned = ipAddresses.filter(
    address => isOfService(address) && held.get(nameOf(address)) !== parentOf(address),
  )
  return [
    ...unrecorded.map(([address, service]) => ({ address, service, kind: 'unrecorded' }) as const),
    ...orphaned
      .filter(address => !held.has(nameOf(address)))
      .map(address => ({ address: nameOf(address), service: parentOf(address), kind: 'orphaned' }) as const),
  ]
}

const repair: Text = {
  en: 'The repair loop of kube-apiserver mends this within minutes; if it stays, read its log (grep ipallocator), and restart it. kubectl get ipaddresses shows who holds what.',
  ja: 'kube-apiserverの修復ループが数分以内に修正します。解消しない場合はログを確認し(grep ipallocator)、再起動してください。割り当て状況はkubectl get ipaddressesで確認できます。',
}

const showDiscrepancy = ({ address, service, kind }: Discrepancy) =>
  kind === 'unrecorded'
    ? `${service} ${address}: no IPAddress`
    : `IPAddress ${address}: no Service ${service}`

const readyRanges = ({ serviceCIDRs }: Books, family: IPFamily) =>
  serviceCIDRs
    .filter(({ status }) => isConditionTrue(status?.conditions, 'Ready'))
    .flatMap(({ metadata, spec }) => ownedRanges(`ServiceCIDR ${metadata.name}`, spec?.cidrs ?? []))
    .filter(({ cidr }) => cidr.family === family)

function judgeRanges(books: Books, family: IPFamily): Verdict | undefined {
  if (readyRanges(books, family).length > 0) return undefined
  const own = books.serviceCIDRs.filter(({ spec }) =>
    ownedRanges('', spec?.cidrs ?? []).some(({ cidr }) => cidr.family === family),
  )
  if (own.length === 0) return notConfigured(family)
  return fail({
    expected: { en: `a Ready ServiceCIDR of ${family}`, ja: `Readyの${family}のServiceCIDRがあること` },
    observed: listSome(
      own.map(({ metadata, status }) => {
        const ready = status?.conditions?.find(({ type }) => type === 'Ready')
        return `${metadata.name}: Ready ${ready?.status ?? '-'} ${ready?.message ?? ''}`.trim()
      }),
    ),
    cause: {
      en: 'The ServiceCIDR is being deleted, or its ranges differ from --service-cluster-ip-range (as after a change from single-stack to dual-stack before 1.34)',
      ja: 'ServiceCIDRが削除中であるか、--service-cluster-ip-rangeと範囲が異なります(1.34より前でシングルスタックからデュアルスタックに変更した場合など)',
    },
    remedy: {
      en: 'kubectl describe servicecidr kubernetes says why; let --service-cluster-ip-range of all kube-apiservers agree with it, and for more addresses create another ServiceCIDR.',
      ja: '理由はkubectl describe servicecidr kubernetesで確認できます。すべてのkube-apiserverの--service-cluster-ip-rangeを一致させてください。アドレスを追加するには、別のServiceCIDRを作成してください。',
    },
  })
}

function judgeRoom(books: Books, family: IPFamily): Verdict {
  const ranges = readyRanges(books, family)
  const size = ranges.reduce((sum, { cidr }) => sum + cidrSize(cidr), 0n)
  const used = books.ipAddresses.filter(address => familyOf(nameOf(address)) === family).length
  const evidence = `${listSome(ranges.map(showRange))}: ${used} of ${size} used`
  if (BigInt(used) * 10n < size * 9n) return pass(evidence)
  return warn({
    expected: { en: 'a tenth of the addresses free', ja: 'アドレスの1割以上が空いていること' },
    observed: evidence,
    cause: { en: 'The range is nearly used up', ja: '範囲をほぼ使い切っています' },
    remedy: {
      en: 'Create a ServiceCIDR with a further range of that family.',
      ja: 'そのファミリーの範囲を追加したServiceCIDRを作成してください。',
    },
  })
}

export function judgeBooks(books: Books, wrong: readonly Discrepancy[], family: IPFamily): Verdict {
  const notReady = judgeRanges(books, family)
  if (notReady) return notReady
  const ranges = readyRanges(books, family)
  const outside = books.services.flatMap(service =>
    clusterIPsOf(service)
      .filter(address => familyOf(address) === family && !ranges.some(({ cidr }) => contains(cidr, address)))
      .map(address => `${namespacedName(service)} ${address}: of no ServiceCIDR`),
  )
  const own = wrong.filter(({ address }) => familyOf(address) === family).map(showDiscrepancy)
  if (outside.length + own.length === 0) return judgeRoom(books, family)
  return fail({
    expected: {
      en: 'every ClusterIP within a ServiceCIDR and with an IPAddress, and no IPAddress without a Service',
      ja: 'すべてのClusterIPがServiceCIDRの範囲内にあってIPAddressを持ち、ServiceのないIPAddressがないこと',
    },
    observed: listSome([...outside, ...own], '; '),
    cause: {
      en: 'Something other than kube-apiserver wrote or removed IPAddress objects, or a range was taken away while Services had addresses of it',
      ja: 'kube-apiserver以外がIPAddressオブジェクトを書き込みまたは削除したか、Serviceが使用中の範囲が取り除かれました',
    },
    remedy: repair,
  })
}

/** Services come and go between two lists: what does not agree is read again, one by one. */
async function isStillWrong({ client }: CheckContext, { address, service, kind }: Discrepancy) {
  const [namespace = '', name = ''] = service.split('/')
  const orNothing = (error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  }
  const [record, holder] = await Promise.all([
    client.get(addressResource, { name: address }).catch(orNothing),
    client.get(serviceResource, { namespace, name }).catch(orNothing),
  ])
  const isHeld =
    holder !== undefined && clusterIPsOf(holder).some(held => (canonicalAddress(held) ?? held) === address)
  return kind === 'orphaned'
    ? record !== undefined && !isHeld
    : isHeld && (record === undefined || parentOf(record) !== service)
}

const mostAgain = 100

export const clusterIPsAreRecorded = defineCheck({
  id: 'SVC-19',
  title: {
    en: 'ServiceCIDRs are ready, and every ClusterIP is recorded',
    ja: 'ServiceCIDRがReadyであり、すべてのClusterIPが記録されている',
  },
  section: 'services',
  severity: 'medium',
  profile: 'quick',
  async run(context) {
    const { inventory, families } = context
    const serviceCIDRs = await inventory.serviceCIDRs()
    const ipAddresses = await inventory.ipAddresses()
    if (!serviceCIDRs || !ipAddresses) {
      return skip({
        en: 'The server has no ServiceCIDRs (they come with 1.33)',
        ja: 'サーバーにServiceCIDRがありません(1.33以降で利用可能)',
      })
    }
    const books = { serviceCIDRs, ipAddresses, services: await inventory.services() }
    const found = findDiscrepancies(books)
    const again = await Promise.all(found.slice(0, mostAgain).map(each => isStillWrong(context, each)))
    const wrong = found.filter((_, index) => again[index] ?? true)
    return forEachFamily(families, family => judgeBooks(books, wrong, family))
  },
})
