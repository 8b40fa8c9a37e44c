// The Services that the checks make to see what the API server makes of them, and how what came back is
// compared with what should have.
import type { Service } from '../api/generated/types.ts'
import { services } from '../api/resources/core/service.ts'
import { StatusError } from '../api/status.ts'
import { familyOf, type IPFamilies, type IPFamily } from '../ip/family.ts'
import { familiesOf } from './nodefacts.ts'
import type { Text } from './text.ts'
import { skip, type Verdict } from './verdict.ts'
import type { Workspace } from './workspace.ts'

type ServiceSpec = NonNullable<Service['spec']>

/** Selects nothing, so that it has no endpoints; `id` is the check's. */
export const trialService = (id: string, spec: Partial<ServiceSpec> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { generateName: `${id.toLowerCase()}-` },
  spec: {
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    selector: { 'verify.futago.dev/selects': 'nothing' },
    ...spec,
  },
})

/** Addresses only: `None` is none. */
export const clusterIPsOf = ({ spec }: Service): readonly string[] =>
  (spec?.clusterIPs ?? []).filter(address => familyOf(address) !== undefined)

export const familiesOfService = ({ spec }: Service): IPFamilies => (spec?.ipFamilies ?? []) as IPFamily[]

/** `PreferDualStack IPv4,IPv6: 10.96.0.5, fd00:10:96::5`. */
export function showService(service: Service): string {
  const { ipFamilyPolicy = '-', clusterIPs = [] } = service.spec ?? {}
  const families = familiesOfService(service).join(',') || '-'
  return `${ipFamilyPolicy} ${families}: ${clusterIPs.join(', ') || '-'}`
}

export type Attempted = { readonly made: Service } | { readonly refused: StatusError }

/** What a server or its webhook has against the Service is an answer; that it is overloaded is none. */
const isAnswer = (error: unknown): error is StatusError =>
  error instanceof StatusError && ![401, 429, 503, 504].includes(error.code)

export async function attempt(work: Promise<Service>): Promise<Attempted> {
  try {
    return { made: await work }
  } catch (error) {
    if (isAnswer(error)) return { refused: error }
    throw error
  }
}

export const attemptCreate = (workspace: Workspace, service: Service): Promise<Attempted> =>
  attempt(workspace.create(services, service))

export const showAttempt = (attempted: Attempted): string =>
  'made' in attempted ? showService(attempted.made) : attempted.refused.message

export interface WantedService {
  readonly policy: string
  /** In this order. */
  readonly families: IPFamilies
}

/** Whether fields that say the same thing agree: policy, families, addresses, and the older single field. */
export function isAsWanted(attempted: Attempted, { policy, families }: WantedService): boolean {
  if (!('made' in attempted)) return false
  const { made } = attempted
  const addresses = clusterIPsOf(made)
  const { clusterIP } = made.spec ?? {}
  return (
    made.spec?.ipFamilyPolicy === policy &&
    familiesOfService(made).join() === families.join() &&
    familiesOf(addresses).join() === families.join() &&
    addresses.length === families.length &&
    clusterIP === addresses[0]
  )
}

export const wantedText = ({ policy, families }: WantedService): Text => ({
  en: `ipFamilyPolicy ${policy}, ipFamilies ${families.join(', ')}, one ClusterIP of each in this order, clusterIP equal to the first`,
  ja: `ipFamilyPolicyが${policy}、ipFamiliesが${families.join('、')}で、この順序で各ファミリーのClusterIPが1つずつあり、clusterIPがその先頭と等しいこと`,
})

/** Who could have changed what the API server alone would have made. */
export const rewritten: Text = {
  en: 'kube-apiserver has other ranges than kube-controller-manager or than its other replicas, or a mutating webhook or policy changes Services',
  ja: 'kube-apiserverの範囲がkube-controller-managerや他のレプリカと異なるか、mutating webhookまたはポリシーがServiceを変更しています',
}

export const compareRanges: Text = {
  en: 'Compare --service-cluster-ip-range of every kube-apiserver and of kube-controller-manager (same ranges, same order), and look for whoever changes Services: kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies',
  ja: 'すべてのkube-apiserverとkube-controller-managerの--service-cluster-ip-rangeを比較し(範囲と順序が同じであること)、Serviceを変更しているものを確認してください: kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies',
}

/** For a family that is expected and that Services cannot have: PRE-03 is the finding. */
export const notConfigured = (family: IPFamily): Verdict =>
  skip({
    en: `The cluster has no ${family} range for Services (see PRE-03)`,
    ja: `クラスターに${family}のServiceの範囲がありません(PRE-03を参照)`,
  })

export const needsTwoFamilies: Verdict = skip({
  en: 'The cluster has one family for Services (see PRE-03)',
  ja: 'クラスターのServiceのファミリーが1つだけです(PRE-03を参照)',
})
