// Endpoints of each family: for every Service with a selector and each of its families, the ready Pods it
// selects are the ready endpoints of its EndpointSlices of that address type (KEP-752). Lists are read one
// after the other while Pods come and go, so what does not agree is read again before it is called wrong.
import type { EndpointSlice, Pod, Service } from '../../api/generated/types.ts'
import { pods as podResource } from '../../api/resources/core/pod.ts'
import { endpointSlices } from '../../api/resources/discovery.k8s.io/endpointslice.ts'
import { canonicalAddress } from '../../ip/address.ts'
import type { IPFamily } from '../../ip/family.ts'
import { type CheckContext, defineCheck } from '../check.ts'
import { listSome, ofFamily } from '../nodefacts.ts'
import { isReady, namespacedName, podFamiliesOf, podIPsOf } from '../podfacts.ts'
import type { Text } from '../text.ts'
import { familiesOfService } from '../trialservices.ts'
import { type FamilyVerdicts, fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

const serviceLabel = 'kubernetes.io/service-name'

export interface EndpointProblem {
  readonly service: Service
  /** Ready Pods that have no address of the family. */
  readonly singleFamily: readonly Pod[]
  /** Ready Pods that are no endpoint. */
  readonly missing: readonly string[]
  /** Endpoints that are no ready Pod. */
  readonly stale: readonly string[]
  readonly counts: string
}

const canonical = (address: string) => canonicalAddress(address) ?? address

/** Chooses its Pods itself, and publishes them only once they are ready. */
const isJudged = ({ spec }: Service) =>
  spec?.type !== 'ExternalName' &&
  Object.keys(spec?.selector ?? {}).length > 0 &&
  spec?.publishNotReadyAddresses !== true

const selects = ({ spec }: Service, { metadata }: Pod) =>
  Object.entries(spec?.selector ?? {}).every(([key, value]) => metadata.labels?.[key] === value)

function endpointsOf(slices: readonly EndpointSlice[], family: IPFamily): ReadonlySet<string> {
  const ready = slices
    .filter(({ addressType }) => addressType === family)
    .flatMap(({ endpoints = [] }) => endpoints)
    .filter(({ conditions }) => conditions?.ready !== false)
  return new Set(ready.flatMap(({ addresses }) => addresses.map(canonical)))
}

/** Undefined: Pods and endpoints agree. `pods` and `slices` are those of the Service's namespace. */
export function compareEndpoints(
  service: Service,
  seen: { readonly pods: readonly Pod[]; readonly slices: readonly EndpointSlice[] },
  family: IPFamily,
): EndpointProblem | undefined {
  const ready = seen.pods.filter(pod => isReady(pod) && selects(service, pod))
  const actual = endpointsOf(seen.slices, family)
  const expected = new Set(ready.flatMap(pod => ofFamily(podIPsOf(pod), family).map(canonical)))
  const singleFamily = ready.filter(pod => !podFamiliesOf(pod).includes(family))
  const missing = [...expected].filter(address => !actual.has(address))
  const stale = [...actual].filter(address => !expected.has(address))
  if (singleFamily.length + missing.length + stale.length === 0) return undefined
  const counts = `${ready.length} ready Pods, ${actual.size} ready ${family} endpoints`
  return { service, singleFamily, missing, stale, counts }
}

function showProblem({ service, singleFamily, missing, stale, counts }: EndpointProblem, family: IPFamily) {
  const parts = [
    ...singleFamily.map(pod => `${pod.metadata.name} has no ${family} address`),
    ...missing.map(address => `${address} is no endpoint`),
    ...stale.map(address => `${address} is no ready Pod`),
  ]
  return `${namespacedName(service)}: ${counts} (${listSome(parts)})`
}

const singleFamilyCause = (family: IPFamily): { cause: Text; remedy: Text } => ({
  cause: {
    en: `Ready Pods without an ${family} address: they started before their node or the CNI plugin had the family`,
    ja: `${family}アドレスのないReadyのPodがあります。ノードまたはCNIプラグインがそのファミリーに対応する前に起動しました`,
  },
  remedy: {
    en: 'Recreate these Pods (kubectl rollout restart deployment NAME); if new ones lack the address too, see POD-01.',
    ja: '該当するPodを作り直してください(kubectl rollout restart deployment NAME)。新しいPodにもアドレスがない場合は、POD-01を参照してください。',
  },
})

const controllerCause: { cause: Text; remedy: Text } = {
  cause: {
    en: 'The EndpointSlice controller of kube-controller-manager does not keep up, failed, or something else writes these slices',
    ja: 'kube-controller-managerのEndpointSliceコントローラーが遅れているか失敗しているか、別のものがEndpointSliceを書き込んでいます',
  },
  remedy: {
    en: 'Read the log: kubectl logs -n kube-system -l component=kube-controller-manager | grep -i endpointslice. Deleting the slices of the Service (kubectl delete endpointslices -l kubernetes.io/service-name=NAME) makes the controller write them anew.',
    ja: 'ログを確認してください: kubectl logs -n kube-system -l component=kube-controller-manager | grep -i endpointslice。ServiceのEndpointSliceを削除すると(kubectl delete endpointslices -l kubernetes.io/service-name=NAME)、コントローラーが作り直します。',
  },
}

export function judgeEndpoints(
  found: { readonly judged: number; readonly problems: readonly EndpointProblem[] },
  family: IPFamily,
): Verdict {
  const { judged, problems } = found
  if (judged === 0) {
    return notEvaluable({
      en: `No Service of ${family} selects Pods`,
      ja: `Podを選択する${family}のServiceがありません`,
    })
  }
  if (problems.length === 0) return pass(`${judged} Services`)
  const isPods = problems.some(({ singleFamily }) => singleFamily.length > 0)
  return fail({
    expected: {
      en: `every ready Pod of a Service of ${family} is a ready ${family} endpoint, and nothing else is`,
      ja: `${family}のServiceのReadyのPodがすべて${family}のエンドポイントであり、それ以外が含まれないこと`,
    },
    observed: listSome(
      problems.map(problem => showProblem(problem, family)),
      '; ',
    ),
    ...(isPods ? singleFamilyCause(family) : controllerCause),
  })
}

function byNamespace<T extends { readonly metadata: { readonly namespace?: string } }>(
  objects: readonly T[],
) {
  const groups = new Map<string, T[]>()
  for (const object of objects) {
    const key = object.metadata.namespace ?? ''
    const group = groups.get(key)
    if (group) group.push(object)
    else groups.set(key, [object])
  }
  return groups
}

const waitsMs = [500, 1500, 3000]
/** How many Services are read again: if more disagree, time is not the reason. */
const mostAgain = 50

async function readAgain(context: CheckContext, { service }: EndpointProblem, family: IPFamily) {
  const { client, version } = context
  const { namespace = '', name = '' } = service.metadata
  const isOld = version.major === 1 && version.minor < 21
  const slices = isOld
    ? { ...endpointSlices, version: 'v1beta1', apiVersion: 'discovery.k8s.io/v1beta1' }
    : endpointSlices
  const labelSelector = Object.entries(service.spec?.selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
  const [selected, sliced] = await Promise.all([
    client.list(podResource, { namespace, labelSelector }),
    client.list(slices, { namespace, labelSelector: `${serviceLabel}=${name}` }),
  ])
  return compareEndpoints(service, { pods: selected.items, slices: sliced.items }, family)
}

async function confirm(context: CheckContext, problems: readonly EndpointProblem[], family: IPFamily) {
  let left = problems
  for (const waitMs of waitsMs) {
    if (left.length === 0 || left.length > mostAgain) return left
    await context.clock.sleep(waitMs, context.signal)
    const again = await Promise.all(left.map(problem => readAgain(context, problem, family)))
    left = again.filter(problem => problem !== undefined)
  }
  return left
}

export const endpointsAreComplete = defineCheck({
  id: 'SVC-09',
  title: {
    en: 'Ready Pods are endpoints in each family of their Service',
    ja: 'ReadyのPodがServiceの各ファミリーのエンドポイントになっている',
  },
  section: 'services',
  severity: 'high',
  profile: 'quick',
  async run(context) {
    const { inventory, families } = context
    const slices = byNamespace(await inventory.endpointSlices())
    const pods = byNamespace(await inventory.pods())
    const services = (await inventory.services()).filter(isJudged)
    const judge = async (family: IPFamily): Promise<readonly [IPFamily, Verdict]> => {
      const judged = services.filter(service => familiesOfService(service).includes(family))
      const problems = judged.flatMap(service => {
        const { namespace = '', name } = service.metadata
        const own = (slices.get(namespace) ?? []).filter(
          ({ metadata }) => metadata.labels?.[serviceLabel] === name,
        )
        return compareEndpoints(service, { pods: pods.get(namespace) ?? [], slices: own }, family) ?? []
      })
      const confirmed = await confirm(context, problems, family)
      return [family, judgeEndpoints({ judged: judged.length, problems: confirmed }, family)]
    }
    return Object.fromEntries(await Promise.all(families.map(judge))) as FamilyVerdicts
  },
})
