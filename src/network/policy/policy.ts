// Enforces NetworkPolicies (networking.k8s.io/v1) for the Pods of one node, in both families, with one
// nftables table. Pods and namespaces are watched only from the first policy on.
import type { Namespace, NetworkPolicy, Pod } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import { namespaces } from '../../api/resources/core/namespace.ts'
import { pods } from '../../api/resources/core/pod.ts'
import { networkPolicies } from '../../api/resources/networking.k8s.io/networkpolicy.ts'
import { type Informer, keyOf } from '../../client/informer.ts'
import type { Informers } from '../../client/informers.ts'
import type { Clock } from '../../component/clock.ts'
import type { Component } from '../../component/component.ts'
import { type Logger, silentLogger } from '../../component/log.ts'
import { SyncLoop } from '../../component/syncloop.ts'
import type { Nft, TableOutline } from '../nftables/nft.ts'
import { type PolicyPod, policyPod } from './peers.ts'
import { policyState } from './state.ts'
import { type PolicyState, policyTable } from './table.ts'
import { planTable, planUpdate, removeTable } from './update.ts'

export interface NetworkPoliciesOptions {
  readonly informers: Informers
  readonly clock: Clock
  readonly log?: Logger
  /** Bound to the node's network namespace. */
  readonly nft: Nft
  readonly nodeName: string
  /** Where the cluster's DNS server is: to policies it is the Pod that it is elsewhere (k8s-app=kube-dns). */
  readonly dnsAddresses?: readonly string[]
}

/** Others may flush the table; nobody tells. */
const resyncMs = 60_000

const dnsPod = (addresses: readonly string[]): PolicyPod => ({
  namespace: 'kube-system',
  labels: { 'k8s-app': 'kube-dns' },
  addresses,
  ports: [
    { name: 'dns', protocol: 'UDP', port: 53 },
    { name: 'dns-tcp', protocol: 'TCP', port: 53 },
  ],
})

const podFacts = (pod: Pod): string => JSON.stringify(policyPod(pod))

const isAsPlanned = (outline: TableOutline | undefined, { chains, collections }: PolicyState): boolean =>
  outline !== undefined &&
  outline.collections.size === collections.size &&
  outline.chains.size === chains.size &&
  [...chains.values()].every(({ name, rules }) => outline.chains.get(name) === rules.length)

export class NetworkPolicies implements Component {
  readonly name = 'network policies'
  readonly #options: NetworkPoliciesOptions
  readonly #log: Logger
  readonly #policies: Informer<NetworkPolicy>
  readonly #loop: SyncLoop
  #pods: Informer<Pod> | undefined
  #namespaces: Informer<Namespace> | undefined
  #applied: PolicyState | undefined
  #lookAgainAt = 0
  #removals: (() => void)[] = []

  constructor(options: NetworkPoliciesOptions) {
    this.#options = options
    this.#log = (options.log ?? silentLogger).child('policy')
    this.#policies = options.informers.of(networkPolicies)
    this.#loop = new SyncLoop({
      clock: options.clock,
      run: () => this.#sync(),
      onError: error => {
        this.#applied = undefined
        this.#log.error('cannot enforce network policies', { error: String(error) })
      },
      resyncMs,
    })
  }

  /** The kernel has all that the informers have. */
  get isCurrent(): boolean {
    return this.#applied !== undefined && this.#loop.isIdle
  }

  /** Resolves when the policies known so far are enforced. */
  async start(): Promise<void> {
    await this.#options.informers.start()
    await this.#policies.synced
    const changed = () => this.#loop.request()
    this.#removals.push(this.#policies.addHandlers({ add: changed, update: changed, delete: changed }))
    await this.#loop.start()
  }

  /** The table stays, and goes on guarding, while a node's process is replaced. */
  async stop(): Promise<void> {
    for (const remove of this.#removals.splice(0)) remove()
    await this.#loop.stop()
  }

  async cleanup(): Promise<void> {
    await this.#options.nft.run(removeTable())
  }

  async #watchPeers(): Promise<void> {
    if (this.#pods) return
    this.#pods = this.#watch(pods, podFacts)
    this.#namespaces = this.#watch(namespaces, ({ metadata }) => JSON.stringify(metadata.labels))
    await Promise.all([this.#pods.synced, this.#namespaces.synced])
  }

  #watch<T extends KubeObject>(resource: Resource<T>, factsOf: (object: T) => string): Informer<T> {
    const informer = this.#options.informers.of(resource)
    const changed = () => this.#loop.request()
    const update = (object: T, previous: T) => {
      if (factsOf(object) !== factsOf(previous)) changed()
    }
    this.#removals.push(informer.addHandlers({ add: changed, delete: changed, update }))
    return informer
  }

  async #sync(): Promise<void> {
    if (this.#policies.size > 0) await this.#watchPeers()
    const next = this.#plan()
    const { nft, clock } = this.#options
    const isCurrent = clock.monotonic() < this.#lookAgainAt
    const known = isCurrent ? this.#applied : await this.#confirm(this.#applied)
    await nft.run(known ? planUpdate(known, next) : planTable(next))
    this.#applied = next
    if (!isCurrent) this.#lookAgainAt = clock.monotonic() + resyncMs
  }

  /** Undefined when the table is not what was made of it. */
  async #confirm(applied: PolicyState | undefined): Promise<PolicyState | undefined> {
    if (!applied) return undefined
    if (isAsPlanned(await this.#options.nft.outline(policyTable), applied)) return applied
    this.#log.warn('somebody changed the table of the network policies, it is made anew')
    return undefined
  }

  #plan(): PolicyState {
    const { nodeName, dnsAddresses = [] } = this.#options
    const found = [...(this.#pods?.values() ?? [])].flatMap(pod => policyPod(pod) ?? [])
    return policyState({
      policies: this.#policies.values(),
      namespaces: this.#namespaces?.values() ?? [],
      pods: dnsAddresses.length > 0 ? [...found, dnsPod(dnsAddresses)] : found,
      nodeName,
      onError: (policy, error) =>
        this.#log.error('cannot read a network policy', { policy: keyOf(policy), error: String(error) }),
    })
  }
}
