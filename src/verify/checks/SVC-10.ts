// A headless Service with a selector: DNS has an A record for each Pod's IPv4 address and an AAAA record for
// each IPv6 address.
import type { IPFamily } from '../../ip/family.ts'
import { sortedAddresses } from '../addresslists.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { askWhetherDNS, dnsAnswers, noDNS, parseResolved, type Resolved, recordTypes } from '../dnsprobe.ts'
import { everyFamily } from '../familyverdicts.ts'
import { ofFamily } from '../nodefacts.ts'
import { createProbeService, usableFamilies } from '../probeservice.ts'
import { parseProbes } from '../traffic.ts'
import { fail, pass, type Verdict } from '../verdict.ts'

export function judgeHeadless(resolved: Resolved, wanted: readonly string[], family: IPFamily): Verdict {
  const type = recordTypes[family]
  const seen = sortedAddresses(resolved.addresses)
  const should = sortedAddresses(ofFamily(wanted, family))
  if (seen.join() === should.join()) return pass(`${type}: ${seen.join(', ')}`)
  return fail({
    expected: { en: `${type} records ${should.join(', ')}`, ja: `${type}レコード ${should.join(', ')}` },
    observed: `${type}: ${seen.join(', ') || resolved.failure}`,
    cause: {
      en: `The EndpointSlices of ${family} are not there (see SVC-09), or the DNS server does not read them`,
      ja: `${family}のEndpointSliceがないか（SVC-09を参照）、DNSサーバーが読み取っていません`,
    },
    remedy: {
      en: `kubectl get endpointslices: there has to be one of addressType ${family}; then restart CoreDNS and see that it may list endpointslices.discovery.k8s.io.`,
      ja: `kubectl get endpointslices で addressType が ${family} のものがあるか確認し、CoreDNSを再起動して、endpointslices.discovery.k8s.io の一覧取得が許可されていることを確認してください。`,
    },
  })
}

export const headlessServicesHaveRecords = defineCheck({
  id: 'SVC-10',
  title: {
    en: "Headless Services have each Pod's A and AAAA records",
    ja: 'ヘッドレスServiceに各PodのA/AAAAレコードがある',
  },
  section: 'services',
  severity: 'high',
  profile: 'standard',
  needs: ['traffic'],
  requires: ['PRE-03', 'POD-01'],
  async run(context) {
    const { prober, workspace, signal } = context
    const servers = await prober.servers()
    const families = usableFamilies(context)
    const spec = { clusterIP: 'None' }
    const service = await createProbeService(context, { families, selector: prober.serverLabels, spec })
    const fullName = `"$(fqdn ${service.metadata.name} ${await workspace.namespace()})"`
    const wanted = servers.flatMap(({ addresses }) => addresses)
    const lines = families.map(family => {
      const count = ofFamily(wanted, family).length
      return `probe ${family} until_ok 15 has_records ${recordTypes[family]} ${fullName} ${count}`
    })
    const script = `${askWhetherDNS}
has_records() { all=$(resolve "$1" "$2"); echo "$all"; [ "$(echo "$all" | grep -c '[.:]')" -ge "$3" ]; }
${lines.join('\n')}
settle`
    const { stdout } = await prober.run(script, { check: 'SVC-10', node: servers[0]!.node, signal })
    if (!dnsAnswers(stdout)) return everyFamily(families, noDNS)
    const probes = parseProbes(stdout)
    return forEachFamily(families, family =>
      judgeHeadless(parseResolved(probes.get(family)?.output ?? ''), wanted, family),
    )
  },
})
