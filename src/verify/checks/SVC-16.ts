// How long it takes until a change of a Service's endpoints holds in each family: its selector is turned from
// one backend to another several times, and a Pod on each node says when it sees the other one answer. The
// times are those from the API to the node's rules (network programming latency).
import { services } from '../../api/resources/core/service.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { ofFamily } from '../nodefacts.ts'
import { createProbeService, servicePorts, usableFamilies } from '../probeservice.ts'
import { httpURL } from '../traffic.ts'
import { clusterIPsOf } from '../trialservices.ts'
import { fail, notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

const changes = 4
const betweenMs = 2000
/** The script says something at least so often; it ends a while after the last change. */
const tickMs = 200
const label = 'verify.futago.dev/turn'
const secondsAfter = 6

/** Lines `tick <ms>` and `seen <ms> <family> <name>`, by the node's clock. */
const script = (targets: readonly { readonly family: IPFamily; readonly url: string }[]) => `
began=$(now)
until=$(( began + ${changes * betweenMs + secondsAfter * 1000} ))
watch_one() {
  last=
  while [ "$(now)" -lt "$until" ]; do
    seen=$(http "$2" 1 2>/dev/null)
    if [ -n "$seen" ] && [ "$seen" != "$last" ]; then echo "seen $(now) $1 $seen"; last=$seen; fi
    sleep 0.05
  done
}
${targets.map(({ family, url }) => `watch_one ${family} ${url} &`).join('\n')}
while [ "$(now)" -lt "$until" ]; do echo "tick $(now)"; sleep ${tickMs / 1000}; done
wait
`

export interface Sighting {
  readonly family: IPFamily
  /** By the node's clock. */
  readonly atMs: number
  readonly name: string
}

export const parseSightings = (log: string): Sighting[] =>
  [...log.matchAll(/^seen (\d+) (IPv4|IPv6) (\S+)$/gm)].map(([, atMs, family, name = '']) => ({
    family: family as IPFamily,
    atMs: Number(atMs),
    name,
  }))

export interface Turn {
  /** By this machine's clock. */
  readonly atMs: number
  /** The backend that is to answer from now on. */
  readonly name: string
}

/**
 * From each turn to the first sighting of its backend before the next turn; `offsetMs` is added to the node's
 * clock to get this machine's. Undefined: never seen.
 */
export function latenciesOf(
  turns: readonly Turn[],
  sightings: readonly Sighting[],
  offsetMs: number,
): (number | undefined)[] {
  return turns.map(({ atMs, name }, index) => {
    const untilMs = turns[index + 1]?.atMs ?? Number.POSITIVE_INFINITY
    const seen = sightings.find(each => {
      const at = each.atMs + offsetMs
      return each.name === name && at >= atMs - clockErrorMs && at < untilMs + clockErrorMs
    })
    return seen && Math.max(0, Math.round(seen.atMs + offsetMs - atMs))
  })
}

/** Of the two clocks against each other. */
const clockErrorMs = 150
/** Upstream's service level objective for network programming is 5 s at the 99th percentile. */
const slowMs = 5000

export function judgeLatencies(latencies: readonly (number | undefined)[]): Verdict {
  const known = latencies.filter(latency => latency !== undefined).sort((a, b) => a - b)
  const lost = latencies.length - known.length
  const at = (share: number) => known[Math.min(known.length - 1, Math.floor(known.length * share))]
  const shown = `${known.length} changes: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
  if (latencies.length === 0) {
    return notEvaluable({
      en: 'The Service did not answer (see SVC-07)',
      ja: 'Serviceが応答しません（SVC-07を参照）',
    })
  }
  const finding = {
    expected: {
      en: `a change of endpoints holds within ${slowMs / 1000} s`,
      ja: `エンドポイントの変更が${slowMs / 1000}秒以内に反映されること`,
    },
    cause: {
      en: 'The EndpointSlice controller or the proxy is slow or behind in this family (large rule sets, --iptables-min-sync-period, a busy API server)',
      ja: 'EndpointSliceコントローラーまたはプロキシーが、このファミリーで遅いか遅延しています（大きなルールセット、--iptables-min-sync-period、高負荷のAPIサーバー）',
    },
    remedy: {
      en: 'Compare kubeproxy_network_programming_duration_seconds and kubeproxy_sync_proxy_rules_duration_seconds of kube-proxy (port 10249, /metrics) on these nodes; use nftables mode from Kubernetes 1.33 on.',
      ja: '該当ノードのkube-proxy（ポート10249、/metrics）の kubeproxy_network_programming_duration_seconds と kubeproxy_sync_proxy_rules_duration_seconds を比較し、Kubernetes 1.33以降ではnftablesモードを使用してください。',
    },
  }
  if (lost > latencies.length / 2)
    return fail({ ...finding, observed: `${lost} of ${latencies.length} changes never held` })
  if (lost > 0 || (at(0.99) ?? 0) > slowMs) {
    return warn({ ...finding, observed: lost > 0 ? `${shown}; ${lost} not seen in time` : shown })
  }
  return pass(shown)
}

export const endpointChangesHold = defineCheck({
  id: 'SVC-16',
  title: { en: 'Changes of endpoints hold soon', ja: 'エンドポイントの変更が速やかに反映される' },
  section: 'services',
  severity: 'medium',
  profile: 'full',
  needs: ['traffic'],
  permissions: [{ group: '', resource: 'services', verbs: ['patch'], scope: 'namespace' }],
  requires: ['SVC-07'],
  async run(context) {
    const { client, prober, workspace, inventory, clock, signal } = context
    const families = usableFamilies(context)
    const nodes = (await inventory.sampledNodes()).map(({ metadata }) => metadata.name ?? '')
    const namespace = await workspace.namespace()
    const start = (name: string, node: string) =>
      prober.startServer({ check: 'SVC-16', node, labels: { [label]: name }, signal })
    const backends = await Promise.all([start('a', nodes[0]!), start('b', nodes.at(-1)!)])
    const service = await createProbeService(context, { families, selector: { [label]: 'a' } })
    const targets = families.flatMap(family =>
      ofFamily(clusterIPsOf(service), family).map(address => {
        return { family, url: httpURL(address, servicePorts.http, '/hostname') }
      }),
    )
    const turns: Turn[] = []
    const turn = async () => {
      for (let index = 1; index <= changes; index++) {
        await clock.sleep(betweenMs, signal)
        const to = backends[index % 2]!
        turns.push({ atMs: clock.monotonic(), name: to.pod.metadata.name ?? '' })
        const selector = { [label]: index % 2 === 1 ? 'b' : 'a' }
        await client.patch(services, { namespace, name: service.metadata.name ?? '' }, { spec: { selector } })
      }
    }
    let turning: Promise<void> | undefined
    const logs = await Promise.all(
      nodes.map(async node => {
        let offsetMs = Number.POSITIVE_INFINITY
        const onOutput = (log: string) => {
          const lastTick = [...log.matchAll(/^tick (\d+)$/gm)].at(-1)?.[1]
          if (lastTick) offsetMs = Math.min(offsetMs, clock.monotonic() - Number(lastTick))
          if (log.includes('seen ')) turning ??= turn()
        }
        const options = { check: 'SVC-16', node, onOutput, signal, timeoutMs: 60_000 }
        const { stdout } = await prober.run(script(targets), options)
        return { sightings: parseSightings(stdout), offsetMs }
      }),
    )
    await turning
    return forEachFamily(families, family =>
      judgeLatencies(
        turning === undefined
          ? []
          : logs.flatMap(({ sightings, offsetMs }) =>
              latenciesOf(
                turns,
                sightings.filter(each => each.family === family),
                offsetMs,
              ),
            ),
      ),
    )
  },
})
