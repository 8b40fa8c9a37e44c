// A NodePort answers on each node's InternalIP of each family, asked from a Pod on another node. Loopback
// addresses are never tried: an IPv6 NodePort on [::1] does not work by design.
import type { Node } from '../../api/generated/types.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { internalIPsOf, nameOf, ofFamily } from '../nodefacts.ts'
import { createProbeService, usableFamilies } from '../probeservice.ts'
import { type Attempt, attemptOf, httpURL, judgeAttempts, parseProbes } from '../traffic.ts'
import type { Finding } from '../verdict.ts'

const findingOf = (family: IPFamily): Omit<Finding, 'observed'> => ({
  expected: {
    en: `the NodePort answers on the ${family} InternalIP of every node`,
    ja: `すべてのノードの${family} InternalIPでNodePortが応答すること`,
  },
  cause: {
    en: `kube-proxy's --nodeport-addresses leaves ${family} out, a firewall drops the port range, or (nftables mode) this is not the node's primary ${family} address`,
    ja: `kube-proxyの--nodeport-addressesに${family}が含まれないか、ファイアウォールがポート範囲を破棄しているか、（nftablesモードで）ノードのプライマリーの${family}アドレスではありません`,
  },
  remedy: {
    en: `Set kube-proxy's nodePortAddresses to [] or to ranges of both families, and open 30000-32767 for ${family} between nodes.`,
    ja: `kube-proxyのnodePortAddressesを[]または両ファミリーの範囲に設定し、ノード間で${family}の30000-32767を許可してください。`,
  },
})

/** What a Pod on `from` asks: the addresses of the next node, its own when there is only one. */
function targetsOf(nodes: readonly Node[], index: number, family: IPFamily) {
  const to = nodes[(index + 1) % nodes.length]!
  return ofFamily(internalIPsOf(to), family).map(address => ({ to: nameOf(to), address, family }))
}

export const nodePortsAnswer = defineCheck({
  id: 'SVC-12',
  title: {
    en: 'NodePorts answer on node addresses of each family',
    ja: '各ファミリーのノードアドレスでNodePortが応答する',
  },
  section: 'services',
  severity: 'high',
  profile: 'standard',
  needs: ['traffic', 'nodePort'],
  requires: ['SVC-07', 'NODE-04'],
  async run(context) {
    const { prober, inventory, signal } = context
    const servers = await prober.servers()
    const nodes = await inventory.sampledNodes()
    const families = usableFamilies(context)
    const spec = { type: 'NodePort' }
    const service = await createProbeService(context, { families, selector: prober.serverLabels, spec })
    const port = service.spec?.ports?.find(({ name }) => name === 'http')?.nodePort ?? 0
    const names = servers.map(({ pod }) => pod.metadata.name)
    const attempts = await Promise.all(
      nodes.map(async (node, index): Promise<Attempt[]> => {
        const targets = families.flatMap(family => targetsOf(nodes, index, family))
        const lines = targets.map(
          ({ address }) => `probe ${address} until_ok 15 http ${httpURL(address, port, '/hostname')}`,
        )
        const script = `${lines.join('\n')}\nsettle`
        const { stdout } = await prober.run(script, { check: 'SVC-12', node: nameOf(node), signal })
        const probes = parseProbes(stdout)
        return targets.map(({ to, address, family }) =>
          attemptOf(
            probes.get(address),
            { from: nameOf(node), to: `${to} ${address}`, family, protocol: 'TCP' },
            output => names.includes(output),
          ),
        )
      }),
    )
    return forEachFamily(families, family => judgeAttempts(attempts.flat(), family, findingOf(family)))
  },
})
