// The cluster's domain itself: its SOA and NS, the address of its name server, and the version of the
// specification (section 2.2).
import { answersOr, type DNSPlugin, labelsBelow, recordTTL, zoneAuthority } from '../plugin.ts'
import { addressRecords } from '../records.ts'

const specificationVersion = '1.1.0'

export const apexPlugin: DNSPlugin = {
  name: 'apex',
  answer({ name, type }, { domain, addresses }) {
    const labels = labelsBelow(name, domain)
    if (!labels) return undefined
    const server = `ns.dns.${domain}`
    const glue = addressRecords(server, addresses)
    switch (labels.join('.')) {
      case '': {
        const records = [
          zoneAuthority(domain),
          { name: domain, type: 'NS', ttl: recordTTL, data: server },
        ].filter(record => record.type === type)
        return answersOr(domain, records, type === 'NS' ? glue : [])
      }
      case 'dns':
        return answersOr(domain, [])
      case 'ns.dns':
        return answersOr(
          domain,
          glue.filter(record => record.type === type),
        )
      case 'dns-version': {
        const record = { name, type: 'TXT', ttl: recordTTL, data: specificationVersion }
        return answersOr(domain, type === 'TXT' ? [record] : [])
      }
      default:
        return undefined
    }
  },
}
