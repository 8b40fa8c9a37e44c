// Who gives LoadBalancer Services their addresses in this cluster, and how that one is given a second family:
// recognised by what runs, since nothing in the API says it.
import type { LoadBalancerIngress, Node, Pod, Service } from '../api/generated/types.ts'
import { services as serviceResource } from '../api/resources/core/service.ts'
import { WaitTimeout } from '../client/waitfor.ts'
import { familyOf, type IPFamilies, type IPFamily } from '../ip/family.ts'
import { familiesOf } from './nodefacts.ts'
import type { Text } from './text.ts'
import { trialService } from './trialservices.ts'
import { notEvaluable, type Verdict } from './verdict.ts'
import type { Workspace } from './workspace.ts'

export interface Balancer {
  readonly name: string
  readonly remedy: Text
}

interface Recognised extends Balancer {
  readonly image?: RegExp
  readonly provider?: string
  readonly version?: RegExp
}

const cloud: Text = {
  en: 'Look at its events (kubectl describe service NAME) and at the log of the cloud-controller-manager; the subnets and the load balancer product have to be dual-stack.',
  ja: 'イベント(kubectl describe service NAME)とcloud-controller-managerのログを確認してください。サブネットとロードバランサー製品がデュアルスタックに対応している必要があります。',
}

const known: readonly Recognised[] = [
  {
    name: 'MetalLB',
    image: /metallb\/(controller|speaker)/,
    remedy: {
      en: 'One IPAddressPool has to hold a range of each family (spec.addresses: [192.168.10.0/24, fd00:10::/112]); both addresses come from the same pool. Name it in an L2Advertisement or BGPAdvertisement (IPv6 over BGP needs FRR mode).',
      ja: '1つのIPAddressPoolに各ファミリーの範囲が必要です(spec.addresses: [192.168.10.0/24, fd00:10::/112])。両方のアドレスは同じプールから割り当てられます。L2AdvertisementまたはBGPAdvertisementでプールを指定してください(BGPでのIPv6にはFRRモードが必要です)。',
    },
  },
  {
    name: 'kube-vip',
    image: /kube-vip/,
    remedy: {
      en: 'Give kube-vip-cloud-provider ranges of both families (ConfigMap kube-system/kubevip, range-global: 192.168.10.1-192.168.10.9,fd00:10::1-fd00:10::9), or name both addresses in the annotation kube-vip.io/loadbalancerIPs.',
      ja: 'kube-vip-cloud-providerに両方のファミリーの範囲を設定するか(ConfigMap kube-system/kubevipのrange-global: 192.168.10.1-192.168.10.9,fd00:10::1-fd00:10::9)、アノテーションkube-vip.io/loadbalancerIPsに両方のアドレスを指定してください。',
    },
  },
  {
    name: 'ServiceLB (klipper-lb)',
    image: /klipper-lb/,
    remedy: {
      en: 'ServiceLB uses the addresses of the nodes: each node needs one of that family (k3s --node-ip, --node-external-ip with both), and a k3s release whose klipper-lb handles both families.',
      ja: 'ServiceLBはノードのアドレスを使用します。各ノードにそのファミリーのアドレスを設定し(k3sの--node-ip、--node-external-ipに両方)、klipper-lbが両方のファミリーに対応したk3sを使用してください。',
    },
  },
  {
    name: 'AWS Load Balancer Controller',
    image: /aws-load-balancer-controller/,
    remedy: {
      en: 'Annotate the Service with service.beta.kubernetes.io/aws-load-balancer-ip-address-type: dualstack (network load balancers only), in subnets that have IPv6.',
      ja: 'Serviceにアノテーションservice.beta.kubernetes.io/aws-load-balancer-ip-address-type: dualstackを設定してください(Network Load Balancerのみ、IPv6に対応したサブネット)。',
    },
  },
  {
    name: 'cloud-provider-kind',
    provider: 'kind:',
    remedy: {
      en: 'Run cloud-provider-kind beside the cluster; the Docker network "kind" needs IPv6.',
      ja: 'クラスターと並行してcloud-provider-kindを実行してください。Dockerネットワーク「kind」でIPv6が有効である必要があります。',
    },
  },
  {
    name: 'futago',
    version: /\+futago/,
    remedy: {
      en: 'futago up --load-balancer-ip-range with one range per family, wide enough for all Services.',
      ja: 'futago upの--load-balancer-ip-rangeに、すべてのServiceに十分な広さの範囲をファミリーごとに指定してください。',
    },
  },
  { name: 'AWS', provider: 'aws:', remedy: cloud },
  { name: 'Google Cloud', provider: 'gce:', remedy: cloud },
  { name: 'Azure', provider: 'azure:', remedy: cloud },
  { name: 'OpenStack', provider: 'openstack:', remedy: cloud },
  { name: 'DigitalOcean', provider: 'digitalocean:', remedy: cloud },
  { name: 'Hetzner Cloud', provider: 'hcloud:', remedy: cloud },
  { name: 'vSphere', provider: 'vsphere:', remedy: cloud },
]

export interface SeenBalancers {
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
  readonly services: readonly Service[]
  readonly gitVersion: string
}

const imagesOf = (pods: readonly Pod[]) =>
  new Set(pods.flatMap(({ spec }) => (spec?.containers ?? []).map(({ image }) => image ?? '')))

export const ingressOf = ({ status }: Service): readonly LoadBalancerIngress[] =>
  status?.loadBalancer?.ingress ?? []

/** Undefined where nothing hints at one. */
export function detectBalancer({ pods, nodes, services, gitVersion }: SeenBalancers): Balancer | undefined {
  const images = [...imagesOf(pods)]
  const found = known.find(
    ({ image, provider, version }) =>
      (image !== undefined && images.some(each => image.test(each))) ||
      version?.test(gitVersion) ||
      (provider !== undefined && nodes.some(({ spec }) => spec?.providerID?.startsWith(provider))),
  )
  if (found) return { name: found.name, remedy: found.remedy }
  const served = services.find(service => ingressOf(service).length > 0)
  return served && { name: `as for Service ${served.metadata.name}`, remedy: cloud }
}

/** Nobody answered, and nobody was seen who could. */
export const noBalancer: Text = {
  en: 'Install a load balancer for Services, such as MetalLB with an IPAddressPool that has a range of each family (on kind: run cloud-provider-kind). If the cluster is to have none, run verify with --no-load-balancers.',
  ja: 'Serviceのロードバランサーをインストールしてください(例: 各ファミリーの範囲を持つIPAddressPoolを設定したMetalLB。kindの場合はcloud-provider-kindを実行)。ロードバランサーを使用しない場合は、--no-load-balancersを指定してください。',
}

export const familiesOfIngress = (ingress: readonly LoadBalancerIngress[]): IPFamilies =>
  familiesOf(ingress.flatMap(({ ip }) => ip ?? []))

export const hasOnlyNames = (ingress: readonly LoadBalancerIngress[]): boolean =>
  ingress.length > 0 && ingress.every(({ ip }) => familyOf(ip ?? '') === undefined)

/** For checks that look at addresses. */
export const hasNoAddresses = (ingress: readonly LoadBalancerIngress[]): Verdict =>
  notEvaluable({
    en: `The load balancer has a name instead of addresses (${showIngress(ingress)}): see LB-07`,
    ja: `ロードバランサーがアドレスではなくホスト名を返します(${showIngress(ingress)})。LB-07を参照してください`,
  })

export const showIngress = (ingress: readonly LoadBalancerIngress[]): string =>
  ingress.map(({ ip, hostname }) => ip ?? hostname ?? '?').join(', ') || '-'

/** A balancer that uses ports of the nodes (klipper) has to find them free: none that anybody uses. */
const uncommonPorts: Readonly<Record<string, number>> = { 'LB-01': 48_101, 'LB-02': 48_102, 'LB-03': 48_103 }

export const balancedService = (id: string, spec: Partial<NonNullable<Service['spec']>>): Service =>
  trialService(id, {
    type: 'LoadBalancer',
    ports: [{ name: 'http', port: uncommonPorts[id] ?? 48_100, protocol: 'TCP' }],
    ...spec,
  })

const unknownMs = 10_000
const knownMs = 90_000
/** Addresses of the second family often come a moment later. */
const settleMs = 5000

export interface BalancerWait {
  readonly workspace: Workspace
  readonly signal: AbortSignal
  readonly balancer: Balancer | undefined
  readonly families: readonly IPFamily[]
}

/** Its addresses: of all families if they come, else those that came in time; none is an empty list. */
export async function waitForIngress(
  service: Service,
  { workspace, signal, balancer, families }: BalancerWait,
): Promise<readonly LoadBalancerIngress[]> {
  let last: readonly LoadBalancerIngress[] = []
  const wait = async (timeoutMs: number, isDone: () => boolean) => {
    try {
      await workspace.waitFor(serviceResource, service.metadata.name ?? '', {
        timeoutMs,
        signal,
        until: current => {
          last = ingressOf(current)
          return isDone()
        },
      })
    } catch (error) {
      if (!(error instanceof WaitTimeout)) throw error
    }
  }
  await wait(balancer ? knownMs : unknownMs, () => last.length > 0)
  const isWhole = () =>
    hasOnlyNames(last) || families.every(family => familiesOfIngress(last).includes(family))
  if (last.length > 0 && !isWhole()) await wait(settleMs, isWhole)
  return last
}
