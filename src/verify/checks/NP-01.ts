// A default-deny NetworkPolicy stops both families, in and out. Where a network plugin enforces no policies
// at all there is nothing to say about families, and that is said.
import { networkPolicies } from '../../api/resources/networking.k8s.io/networkpolicy.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { ofFamily } from '../nodefacts.ts'
import {
  closedWithoutPolicy,
  policyPermissions,
  type State,
  stateFunction,
  stateOf,
} from '../policytrials.ts'
import { usableFamilies } from '../probeservice.ts'
import { httpURL, parseProbes } from '../traffic.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

const directions = ['ingress', 'egress'] as const
type Direction = (typeof directions)[number]

export interface PolicyTrial {
  readonly direction: Direction
  readonly family: IPFamily
  readonly before: State
  /** With the policy, after it had time to take hold. */
  readonly after: State
}

const notEnforced = notEvaluable({
  en: 'The network plugin enforces no NetworkPolicies: a default-deny one stops neither family',
  ja: 'CNIプラグインがNetworkPolicyを適用していません（default-denyでもどちらのファミリーも遮断されません）',
})

export function judgeDefaultDeny(trials: readonly PolicyTrial[], family: IPFamily): Verdict {
  const own = trials.filter(trial => trial.family === family)
  const judged = own.filter(({ before }) => before === 'open')
  if (judged.length === 0) return closedWithoutPolicy(family)
  if (trials.every(({ after }) => after === 'open')) return notEnforced
  const open = judged.filter(({ after }) => after === 'open').map(({ direction }) => direction)
  if (open.length === 0)
    return pass(`default-deny stops ${judged.map(({ direction }) => direction).join(' and ')}`)
  return fail({
    expected: {
      en: `a default-deny policy stops ${family}`,
      ja: `default-denyポリシーが${family}を遮断すること`,
    },
    observed: `${open.join(' and ')}: ${family} still passes`,
    cause: {
      en: `The network plugin enforces policies for the other family only`,
      ja: 'CNIプラグインがもう一方のファミリーにだけポリシーを適用しています',
    },
    remedy: {
      en: `Enable ${family} in the network plugin's policy engine (Calico: IPv6 pools and FELIX_IPV6SUPPORT=true; kube-router: --enable-ipv6; Cilium: ipv6.enabled=true; AWS: network policy agent with IPv6). Until then Pods are open over ${family}.`,
      ja: `CNIプラグインのポリシーエンジンで${family}を有効にしてください（Calico: IPv6プールとFELIX_IPV6SUPPORT=true、kube-router: --enable-ipv6、Cilium: ipv6.enabled=true、AWS: IPv6対応のnetwork policy agent）。それまで、Podは${family}に対して保護されていません。`,
    },
  })
}

const server = { 'verify.futago.dev/policy': 'denied-server' }
const client = { 'verify.futago.dev/policy': 'denied-client' }

/** Asks until it is closed, at most so long; then it counts as open. */
const functions = `
${stateFunction}
closes() {
  left=12
  while [ "$left" -gt 0 ]; do
    if [ "$(state "$1")" = closed ]; then echo closed; return; fi
    sleep 1; left=$((left-1))
  done
  echo open
}
`

const denyAll = (direction: Direction, labels: Readonly<Record<string, string>>) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: {},
  spec: {
    podSelector: { matchLabels: { ...labels } },
    policyTypes: [direction === 'ingress' ? 'Ingress' : 'Egress'],
  },
})

export const defaultDenyStopsEachFamily = defineCheck({
  id: 'NP-01',
  title: {
    en: 'A default-deny NetworkPolicy stops both families',
    ja: 'default-denyのNetworkPolicyが両方のファミリーを遮断する',
  },
  section: 'beyond',
  severity: 'high',
  profile: 'full',
  needs: ['traffic'],
  permissions: policyPermissions,
  requires: ['POD-09'],
  async run(context) {
    const { prober, workspace, inventory, signal } = context
    const families = usableFamilies(context)
    const nodes = await inventory.sampledNodes()
    const node = nodes[0]?.metadata.name ?? ''
    const shared = (await prober.servers()).at(-1)!
    const denied = await prober.startServer({ check: 'NP-01', node: shared.node, labels: server, signal })
    const urls = families.flatMap(family => {
      const of = (addresses: readonly string[]) =>
        httpURL(ofFamily(addresses, family)[0] ?? '', 8080, '/hostname')
      return [
        { direction: 'ingress' as const, family, url: of(denied.addresses) },
        { direction: 'egress' as const, family, url: of(shared.addresses) },
      ]
    })
    /** The policies come once both scripts have seen how it is without them. */
    const pause = 'sleep 3'
    const ask = async (direction: Direction) => {
      const own = urls.filter(each => each.direction === direction)
      const before = own.map(({ family, url }) => `probe 'before ${family}' state ${url}`)
      const after = own.map(({ family, url }) => `probe 'after ${family}' closes ${url}`)
      const script = [functions, ...before, 'wait', pause, ...after, 'settle'].join('\n')
      const labels = direction === 'egress' ? client : { 'verify.futago.dev/policy': 'asking' }
      const onRunning = () => {
        const make = async () => {
          await context.clock.sleep(2500, signal)
          await workspace.create(
            networkPolicies,
            denyAll(direction, direction === 'egress' ? client : server),
          )
        }
        make().catch(() => undefined)
      }
      const { stdout } = await prober.run(script, { check: 'NP-01', node, labels, onRunning, signal })
      const probes = parseProbes(stdout)
      return own.map(
        ({ family }): PolicyTrial => ({
          direction,
          family,
          before: stateOf(probes.get(`before ${family}`)),
          after: stateOf(probes.get(`after ${family}`)),
        }),
      )
    }
    const trials = (await Promise.all(directions.map(ask))).flat()
    return forEachFamily(families, family => judgeDefaultDeny(trials, family))
  },
})
