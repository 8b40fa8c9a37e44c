// Pods as policies see them, and who among them a peer of a rule means.
import type { LabelSelector, Namespace, NetworkPolicyPeer, Pod } from '../../api/generated/types.ts'
import { type LabelMatcher, type Labels, labelMatcher } from '../../api/meta/labels.ts'
import { canonicalAddress } from '../../ip/address.ts'
import { familyOf, type IPFamily } from '../../ip/family.ts'

export interface PolicyPod {
  readonly namespace: string
  readonly labels: Labels
  readonly addresses: readonly string[]
  /** Absent for what is no Pod of a node. */
  readonly nodeName?: string | undefined
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[]
}

/** Undefined for Pods that have no addresses of their own: those of the node's network, and ended ones. */
export function policyPod({ metadata, spec, status }: Pod): PolicyPod | undefined {
  const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  const addresses = (status?.podIPs ?? []).flatMap(({ ip }) => canonicalAddress(ip ?? '') ?? [])
  if (spec?.hostNetwork || hasEnded || addresses.length === 0) return undefined
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  return {
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? {},
    addresses,
    nodeName: spec?.nodeName,
    ports: containers.flatMap(({ ports = [] }) =>
      ports.flatMap(({ name, protocol = 'TCP', containerPort }) =>
        name ? [{ name, protocol, port: containerPort }] : [],
      ),
    ),
  }
}

export const addressesIn = (pods: readonly PolicyPod[], family: IPFamily): string[] => [
  ...new Set(pods.flatMap(({ addresses }) => addresses.filter(address => familyOf(address) === family))),
]

/** `192.0.2.1 . 80` for each of the Pods that calls a port so. */
export const namedPortsIn = (
  pods: readonly PolicyPod[],
  family: IPFamily,
  wanted: { readonly name: string; readonly protocol: string },
): string[] => [
  ...new Set(
    pods.flatMap(pod =>
      pod.ports
        .filter(({ name, protocol }) => name === wanted.name && protocol === wanted.protocol)
        .flatMap(({ port }) => addressesIn([pod], family).map(address => `${address} . ${port}`)),
    ),
  ),
]

/** Answers which Pods selectors choose; each question is worked out once. */
export class PodSelection {
  readonly #pods: readonly PolicyPod[]
  readonly #namespaces: ReadonlyMap<string, Labels>
  readonly #byNamespace = new Map<string, PolicyPod[]>()
  readonly #answers = new Map<string, readonly PolicyPod[]>()

  constructor(pods: Iterable<PolicyPod>, namespaces: Iterable<Namespace>) {
    this.#pods = [...pods]
    this.#namespaces = new Map(
      [...namespaces].map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}]),
    )
    for (const pod of this.#pods) {
      const known = this.#byNamespace.get(pod.namespace)
      if (known) known.push(pod)
      else this.#byNamespace.set(pod.namespace, [pod])
    }
  }

  get all(): readonly PolicyPod[] {
    return this.#pods
  }

  /** Of one namespace; without a selector all of them. */
  inNamespace(namespace: string, podSelector: LabelSelector | undefined): readonly PolicyPod[] {
    return this.#remember(['namespace', namespace, podSelector], () => {
      const matches = labelMatcher(podSelector ?? {})
      return (this.#byNamespace.get(namespace) ?? []).filter(({ labels }) => matches(labels))
    })
  }

  /** The Pods that a peer of a policy in `namespace` means; none for an ipBlock. */
  of(peer: NetworkPolicyPeer, namespace: string): readonly PolicyPod[] {
    const { namespaceSelector, podSelector, ipBlock } = peer
    if (ipBlock) return []
    if (!namespaceSelector) return podSelector ? this.inNamespace(namespace, podSelector) : []
    return this.#remember(['everywhere', namespaceSelector, podSelector], () => {
      const matchesNamespace: LabelMatcher = labelMatcher(namespaceSelector)
      const chosen = [...this.#namespaces].filter(([, labels]) => matchesNamespace(labels))
      return chosen.flatMap(([name]) => this.inNamespace(name, podSelector))
    })
  }

  #remember(question: unknown, answer: () => readonly PolicyPod[]): readonly PolicyPod[] {
    const key = JSON.stringify(question)
    let known = this.#answers.get(key)
    if (!known) {
      known = answer()
      this.#answers.set(key, known)
    }
    return known
  }
}
