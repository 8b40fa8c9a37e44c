// Policies, Pods and namespaces as the contents of the table: pure, the heart of it. Each policy is a chain
// that accepts what it allows; Pods that the same policies choose share a chain that asks them in turn and
// drops the rest; a map leads from a Pod's address to its chain.
import type { Namespace, NetworkPolicy } from '../../api/generated/types.ts'
import { familyOf } from '../../ip/family.ts'
import type { Chain } from '../nftables/objects.ts'
import { PodSelection, type PolicyPod } from './peers.ts'
import { egressRule, ingressRule, writeRule } from './rules.ts'
import * as table from './table.ts'

export interface PolicyInput {
  readonly policies: Iterable<NetworkPolicy>
  readonly namespaces: Iterable<Namespace>
  /** Of the whole cluster: they are peers. */
  readonly pods: Iterable<PolicyPod>
  /** Only Pods of this node are guarded here. */
  readonly nodeName: string
  /** A policy that cannot be read: its Pods are left to the others. */
  readonly onError?: (policy: NetworkPolicy, error: unknown) => void
}

const typesOf = ({ spec }: NetworkPolicy): readonly string[] =>
  spec?.policyTypes ?? (spec?.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'])

const typeNames: Readonly<Record<table.Direction, string>> = { ingress: 'Ingress', egress: 'Egress' }

class StateBuilder {
  readonly #selection: PodSelection
  readonly #nodeName: string
  readonly #collections = new Map<string, table.FilledCollection>()
  readonly #chains = new Map<string, Chain>()
  /** Of each guarded Pod, for each direction, the chains of its policies. */
  readonly #guards: Readonly<Record<table.Direction, Map<PolicyPod, string[]>>> = {
    ingress: new Map(),
    egress: new Map(),
  }

  constructor({ pods, namespaces, nodeName }: PolicyInput) {
    this.#selection = new PodSelection(pods, namespaces)
    this.#nodeName = nodeName
  }

  add(policy: NetworkPolicy): void {
    const { namespace = '' } = policy.metadata
    const { podSelector } = policy.spec ?? {}
    const subjects = this.#selection.inNamespace(namespace, podSelector)
    const guarded = subjects.filter(({ nodeName }) => nodeName === this.#nodeName)
    if (guarded.length === 0) return
    for (const direction of table.directions) {
      if (!typesOf(policy).includes(typeNames[direction])) continue
      const chain = this.#policyChain(policy, direction, subjects)
      for (const pod of guarded) {
        const chains = this.#guards[direction].get(pod)
        if (chains) chains.push(chain)
        else this.#guards[direction].set(pod, [chain])
      }
    }
  }

  #policyChain(policy: NetworkPolicy, direction: table.Direction, subjects: readonly PolicyPod[]): string {
    const { namespace = '', name = '' } = policy.metadata
    const { ingress = [], egress = [], podSelector } = policy.spec ?? {}
    const rules = direction === 'ingress' ? ingress.map(ingressRule) : egress.map(egressRule)
    const context = {
      namespace,
      selection: this.#selection,
      subjects,
      subjectsKey: [namespace, podSelector],
      use: (filled: table.FilledCollection) => void this.#collections.set(filled.collection.name, filled),
    }
    const chain = `${direction}-policy-${table.shortHash([namespace, name])}`
    const written = rules.flatMap(rule => writeRule(rule, direction, context))
    this.#chains.set(chain, { name: chain, rules: written })
    return chain
  }

  finish(): table.PolicyState {
    const verdicts = { ingress: new Map<string, string>(), egress: new Map<string, string>() }
    for (const direction of table.directions) {
      for (const [pod, policies] of this.#guards[direction]) {
        const chain = this.#groupChain(direction, policies)
        for (const address of pod.addresses) verdicts[direction].set(address, `goto ${chain}`)
      }
    }
    for (const family of table.families) {
      const ofFamily = (direction: table.Direction) =>
        new Map([...verdicts[direction]].filter(([address]) => familyOf(address) === family))
      const own = { ingress: ofFamily('ingress'), egress: ofFamily('egress') }
      const isolated = new Set([...own.ingress.keys(), ...own.egress.keys()])
      for (const filled of table.baseCollections(family, { isolated, verdicts: own })) {
        this.#collections.set(filled.collection.name, filled)
      }
    }
    for (const direction of table.directions) this.#chains.set(direction, table.baseChain(direction))
    return { collections: this.#collections, chains: this.#chains }
  }

  #groupChain(direction: table.Direction, policies: readonly string[]): string {
    const sorted = [...policies].sort()
    const name = `${direction}-pods-${table.shortHash(sorted)}`
    if (!this.#chains.has(name)) {
      this.#chains.set(name, { name, rules: [...sorted.map(policy => `jump ${policy}`), 'drop'] })
    }
    return name
  }
}

export function policyState(input: PolicyInput): table.PolicyState {
  const builder = new StateBuilder(input)
  for (const policy of input.policies) {
    try {
      builder.add(policy)
    } catch (error) {
      input.onError?.(policy, error)
    }
  }
  return builder.finish()
}
