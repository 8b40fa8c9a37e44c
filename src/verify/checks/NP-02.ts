// ipBlock rules of a NetworkPolicy work in each family: what the block allows passes, what `except` names
// does not.
import type { NetworkPolicy, Pod } from '../../api/generated/types.ts'
import { networkPolicies } from '../../api/resources/networking.k8s.io/networkpolicy.ts'
import { addressBits, type IPFamily, unspecifiedAddress } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { nameOf, ofFamily } from '../nodefacts.ts'
import { podIPsOf } from '../podfacts.ts'
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

export interface BlockTrial {
  readonly family: IPFamily
  /** A Pod that `except` names. */
  readonly excepted: { readonly before: State; readonly after: State }
  /** A Pod that the block allows. */
  readonly allowed: { readonly before: State; readonly after: State }
}

export function judgeBlocks(trials: readonly BlockTrial[], family: IPFamily): Verdict {
  const own = trials.find(trial => trial.family === family)
  if (own?.excepted.before !== 'open' || own.allowed.before !== 'open') return closedWithoutPolicy(family)
  if (trials.every(({ excepted, allowed }) => excepted.after === 'open' && allowed.after === 'open')) {
    return notEvaluable({
      en: 'The network plugin enforces no NetworkPolicies (see NP-01)',
      ja: 'CNIプラグインがNetworkPolicyを適用していません（NP-01を参照）',
    })
  }
  const { excepted, allowed } = own
  if (excepted.after === 'closed' && allowed.after === 'open') {
    return pass('ipBlock lets the one in and keeps the excepted one out')
  }
  return fail({
    expected: {
      en: `a Pod of the ${family} ipBlock gets in, one under except does not`,
      ja: `${family}のipBlockに含まれるPodは許可され、exceptのPodは拒否されること`,
    },
    observed: `allowed: ${allowed.after}, excepted: ${excepted.after}`,
    cause: {
      en: `The network plugin makes no rules from ${family} blocks (some only log a warning), or rewrites source addresses before it looks at them`,
      ja: `CNIプラグインが${family}のブロックからルールを生成しない（警告を出すだけのものもあります）か、確認の前に送信元アドレスを書き換えています`,
    },
    remedy: {
      en: `Enable ${family} in the network plugin's policy engine (see NP-01) and look in its log for the policy's name.`,
      ja: `CNIプラグインのポリシーエンジンで${family}を有効にし（NP-01を参照）、ログでポリシー名を確認してください。`,
    },
  })
}

const target = { 'verify.futago.dev/policy': 'block-server' }
const label = (value: string) => ({ 'verify.futago.dev/policy': value })

const functions = `
${stateFunction}
becomes() {
  left=10
  while [ "$left" -gt 0 ]; do
    if [ "$(state "$1")" = "$2" ]; then break; fi
    sleep 1; left=$((left-1))
  done
  state "$1"
}
`

function blockPolicy(excepted: Pod, families: readonly IPFamily[]): NetworkPolicy {
  const from = families.map(family => ({
    ipBlock: {
      cidr: `${unspecifiedAddress[family]}/0`,
      except: ofFamily(podIPsOf(excepted), family).map(address => `${address}/${addressBits[family]}`),
    },
  }))
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {},
    spec: { podSelector: { matchLabels: { ...target } }, policyTypes: ['Ingress'], ingress: [{ from }] },
  }
}

export const blocksWorkInEachFamily = defineCheck({
  id: 'NP-02',
  title: { en: 'ipBlock and except of a NetworkPolicy work', ja: 'NetworkPolicyのipBlockとexceptが機能する' },
  section: 'beyond',
  severity: 'medium',
  profile: 'full',
  needs: ['traffic'],
  permissions: policyPermissions,
  requires: ['POD-09'],
  async run(context) {
    const { prober, workspace, inventory, clock, signal } = context
    const families = usableFamilies(context)
    const nodes = (await inventory.sampledNodes()).map(nameOf)
    const server = await prober.startServer({ check: 'NP-02', node: nodes.at(-1)!, labels: target, signal })
    const url = (family: IPFamily) =>
      httpURL(ofFamily(server.addresses, family)[0] ?? '', server.httpPort, '/hostname')
    const ask = async (name: string, becomes: State, onRunning?: (pod: Pod) => void) => {
      const before = families.map(family => `probe 'before ${family}' state ${url(family)}`)
      const after = families.map(family => `probe 'after ${family}' becomes ${url(family)} ${becomes}`)
      const script = [functions, ...before, 'wait', 'sleep 4', ...after, 'settle'].join('\n')
      const options = { check: 'NP-02', node: nodes[0]!, labels: label(name), signal }
      const { stdout } = await prober.run(script, { ...options, ...(onRunning ? { onRunning } : {}) })
      const probes = parseProbes(stdout)
      return (family: IPFamily) => ({
        before: stateOf(probes.get(`before ${family}`)),
        after: stateOf(probes.get(`after ${family}`)),
      })
    }
    const makePolicy = async (pod: Pod) => {
      await clock.sleep(2500, signal)
      await workspace.create(networkPolicies, blockPolicy(pod, families))
    }
    const [excepted, allowed] = await Promise.all([
      ask('excepted', 'closed', pod => void makePolicy(pod).catch(() => undefined)),
      ask('allowed', 'open'),
    ])
    const trials = families.map(family => ({ family, excepted: excepted(family), allowed: allowed(family) }))
    return forEachFamily(families, family => judgeBlocks(trials, family))
  },
})
