// Which installer or provider made the cluster, and how families are chosen there: a remedy is only exact
// when it names the setting that this cluster has. What is not recognised gets the components' own flags.
import type { Node } from '../api/generated/types.ts'
import { type Text, verbatim } from './text.ts'

export interface Distribution {
  readonly name: string
  /** How to give the cluster a second range for Services. */
  readonly serviceRanges: Text
  /** How to give Pods a second range. */
  readonly podRanges: Text
  /** How to give a node a second address. */
  readonly nodeAddresses: Text
}

interface Recognised extends Partial<Distribution> {
  readonly name: string
  readonly version?: RegExp
  readonly provider?: string
  readonly label?: string
  readonly annotation?: string
}

/** The components' own flags. */
const upstream: Distribution = {
  name: 'Kubernetes',
  serviceRanges: {
    en: 'Add a range of the other family, behind the first one, to --service-cluster-ip-range of both kube-apiserver and kube-controller-manager, e.g. --service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112. The first range stays as it is.',
    ja: 'kube-apiserverとkube-controller-managerの両方の--service-cluster-ip-rangeに、最初の範囲の後ろへもう一方のファミリーの範囲を追加してください。例: --service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112 最初の範囲は変更しないでください。',
  },
  podRanges: {
    en: 'kube-controller-manager: --allocate-node-cidrs=true --cluster-cidr=<IPv4 range>,<IPv6 range> (primary first), and --cluster-cidr of kube-proxy likewise. Ranges are given once: drain nodes that joined before, delete the Node object and let the kubelet register again.',
    ja: 'kube-controller-managerに--allocate-node-cidrs=true --cluster-cidr=<IPv4の範囲>,<IPv6の範囲>(プライマリを先頭に)を設定し、kube-proxyの--cluster-cidrも同様にしてください。範囲は一度しか割り当てられないため、以前から参加しているノードはdrainし、Nodeオブジェクトを削除して、kubeletに再登録させてください。',
  },
  nodeAddresses: {
    en: 'Give the host an address of that family, then start the kubelet with --node-ip=<IPv4 address>,<IPv6 address> (primary first); with a cloud provider, add the address to the instance and update its cloud-controller-manager.',
    ja: 'ホストにそのファミリーのアドレスを付与し、kubeletを--node-ip=<IPv4アドレス>,<IPv6アドレス>(プライマリを先頭に)で起動してください。クラウドプロバイダーを使用している場合は、インスタンスにアドレスを追加し、cloud-controller-managerを更新してください。',
  },
}

const k3sRanges = {
  en: 'The families are chosen at the first start of the first server and cannot be added later: create a new cluster with --cluster-cidr=10.42.0.0/16,fd00:42::/56 --service-cidr=10.43.0.0/16,fd00:43::/112 (a /112 at most).',
  ja: 'アドレスファミリーは最初のサーバーの初回起動時に決まり、後から追加できません。--cluster-cidr=10.42.0.0/16,fd00:42::/56 --service-cidr=10.43.0.0/16,fd00:43::/112(最大でも/112)を指定して新しいクラスターを作成してください。',
}

const k3sNode = {
  en: 'Start the server or agent with --node-ip=<IPv4 address>,<IPv6 address>, primary first.',
  ja: 'サーバーまたはエージェントを--node-ip=<IPv4アドレス>,<IPv6アドレス>(プライマリを先頭に)で起動してください。',
}

const both = (ranges: Text) => ({ serviceRanges: ranges, podRanges: ranges })

const known: readonly Recognised[] = [
  { name: 'k3s', version: /\+k3s/, ...both(k3sRanges), nodeAddresses: k3sNode },
  { name: 'RKE2', version: /\+rke2/, ...both(k3sRanges), nodeAddresses: k3sNode },
  {
    name: 'k0s',
    version: /\+k0s/,
    ...both({
      en: 'In k0s.yaml set spec.network.dualStack.enabled: true with IPv6podCIDR and IPv6serviceCIDR, then restart the controllers with it.',
      ja: 'k0s.yamlでspec.network.dualStack.enabled: trueとIPv6podCIDR、IPv6serviceCIDRを設定し、コントローラーを再起動してください。',
    }),
  },
  {
    name: 'Amazon EKS',
    version: /-eks-/,
    ...both({
      en: 'EKS gives Pods and Services one family, chosen at creation (kubernetesNetworkConfig.ipFamily) and never changed: where IPv6 is wanted, create a cluster with ipFamily: ipv6; it has no dual-stack Services.',
      ja: 'EKSではPodとServiceは単一のファミリーを使用し、作成時(kubernetesNetworkConfig.ipFamily)に決まって変更できません。IPv6が必要な場合はipFamily: ipv6でクラスターを作成してください。デュアルスタックのServiceはありません。',
    }),
  },
  {
    name: 'Google GKE',
    version: /-gke\./,
    ...both({
      en: 'Make the subnet dual-stack (gcloud compute networks subnets update SUBNET --stack-type=IPV4_IPV6 --ipv6-access-type=INTERNAL), then: gcloud container clusters update CLUSTER --stack-type=ipv4-ipv6',
      ja: 'サブネットをデュアルスタックにし(gcloud compute networks subnets update SUBNET --stack-type=IPV4_IPV6 --ipv6-access-type=INTERNAL)、次を実行してください: gcloud container clusters update CLUSTER --stack-type=ipv4-ipv6',
    }),
  },
  {
    name: 'Azure AKS',
    label: 'kubernetes.azure.com/cluster',
    ...both({
      en: 'Create the cluster with: az aks create --ip-families ipv4,ipv6 --pod-cidrs <IPv4>,<IPv6> --service-cidrs <IPv4>,<IPv6>',
      ja: '次のようにクラスターを作成してください: az aks create --ip-families ipv4,ipv6 --pod-cidrs <IPv4>,<IPv6> --service-cidrs <IPv4>,<IPv6>',
    }),
  },
  {
    name: 'kind',
    provider: 'kind:',
    ...both({
      en: 'Create the cluster anew with a configuration that has networking: {ipFamily: dual}; the Docker network "kind" must have IPv6 enabled (docker network rm kind lets kind make it again).',
      ja: 'networking: {ipFamily: dual}を含む設定でクラスターを作り直してください。Dockerネットワーク「kind」でIPv6が有効である必要があります(docker network rm kindで削除すると、kindが作り直します)。',
    }),
    nodeAddresses: {
      en: 'The Docker network "kind" has to have IPv6 enabled: remove it (docker network rm kind) and create the cluster anew with networking: {ipFamily: dual}.',
      ja: 'Dockerネットワーク「kind」でIPv6が有効である必要があります。docker network rm kindで削除し、networking: {ipFamily: dual}を指定してクラスターを作り直してください。',
    },
  },
  {
    name: 'MicroK8s',
    label: 'microk8s.io/cluster',
    ...both({
      en: 'Create the cluster anew with a launch configuration that sets the extraKubeAPIServerArgs, extraKubeControllerManagerArgs and extraKubeProxyArgs to two ranges and extraCNIEnv IPv6_SUPPORT: true.',
      ja: 'extraKubeAPIServerArgs、extraKubeControllerManagerArgs、extraKubeProxyArgsに2つの範囲を、extraCNIEnvにIPv6_SUPPORT: trueを設定したlaunch configurationでクラスターを作り直してください。',
    }),
  },
  {
    name: 'futago',
    version: /\+futago/,
    ...both(verbatim('futago up --ip-families IPv4,IPv6')),
    nodeAddresses: verbatim('futago up --ip-families IPv4,IPv6'),
  },
  {
    name: 'kubeadm',
    annotation: 'kubeadm.alpha.kubernetes.io/cri-socket',
    serviceRanges: {
      en: 'On every control-plane node, in /etc/kubernetes/manifests/kube-apiserver.yaml and kube-controller-manager.yaml, add a range of the other family to --service-cluster-ip-range, e.g. 10.96.0.0/16,fd00:10:96::/112 (the first stays), and write the same to networking.serviceSubnet of ConfigMap kube-system/kubeadm-config.',
      ja: 'すべてのコントロールプレーンノードの/etc/kubernetes/manifests/kube-apiserver.yamlとkube-controller-manager.yamlで、--service-cluster-ip-rangeにもう一方のファミリーの範囲を追加し(例: 10.96.0.0/16,fd00:10:96::/112、最初の範囲は変更しません)、ConfigMap kube-system/kubeadm-configのnetworking.serviceSubnetにも同じ値を書いてください。',
    },
    podRanges: {
      en: 'On every control-plane node, in /etc/kubernetes/manifests/kube-controller-manager.yaml, set --allocate-node-cidrs=true and --cluster-cidr=<IPv4 range>,<IPv6 range> (primary first), likewise clusterCIDR in ConfigMap kube-system/kube-proxy and networking.podSubnet in kube-system/kubeadm-config. Ranges are given once: nodes that joined before have to be drained, reset and joined again.',
      ja: 'すべてのコントロールプレーンノードの/etc/kubernetes/manifests/kube-controller-manager.yamlで--allocate-node-cidrs=trueと--cluster-cidr=<IPv4の範囲>,<IPv6の範囲>(プライマリを先頭に)を設定し、ConfigMap kube-system/kube-proxyのclusterCIDRとkube-system/kubeadm-configのnetworking.podSubnetも同様にしてください。範囲は一度しか割り当てられないため、以前から参加しているノードはdrain、reset、再joinが必要です。',
    },
    nodeAddresses: {
      en: 'Give the host an address of that family, add --node-ip=<IPv4 address>,<IPv6 address> (primary first) to KUBELET_KUBEADM_ARGS in /var/lib/kubelet/kubeadm-flags.env, then: systemctl restart kubelet',
      ja: 'ホストにそのファミリーのアドレスを付与し、/var/lib/kubelet/kubeadm-flags.envのKUBELET_KUBEADM_ARGSに--node-ip=<IPv4アドレス>,<IPv6アドレス>(プライマリを先頭に)を追加してから、次を実行してください: systemctl restart kubelet',
    },
  },
]

const isMade =
  (gitVersion: string, nodes: readonly Node[]) =>
  ({ version, provider, label, annotation }: Recognised): boolean =>
    version?.test(gitVersion) === true ||
    nodes.some(
      ({ metadata, spec }) =>
        (provider !== undefined && spec?.providerID?.startsWith(provider)) ||
        (label !== undefined && metadata.labels?.[label] !== undefined) ||
        (annotation !== undefined && metadata.annotations?.[annotation] !== undefined),
    )

/** By the server's version, the nodes' provider ids, labels and annotations. */
export function detectDistribution(gitVersion: string, nodes: readonly Node[]): Distribution {
  const found = known.find(isMade(gitVersion, nodes))
  if (!found) return upstream
  const { name, serviceRanges, podRanges, nodeAddresses } = { ...upstream, ...found }
  return { name, serviceRanges, podRanges, nodeAddresses }
}
