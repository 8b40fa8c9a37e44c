// Services with ClusterIPs (section 2.3): an address record for each family the Service has, SRV for ports.
import { answersOr, type DNSPlugin } from '../plugin.ts'
import { addressRecords, clusterAddresses, matchesPort, serviceName, serviceRecords } from '../records.ts'
import { serviceQuestion } from '../servicequestion.ts'

export const servicePlugin: DNSPlugin = {
  name: 'service',
  answer({ name, type }, context) {
    const asked = serviceQuestion(name, context)
    if (!asked || asked.hostname !== undefined) return undefined
    const { service, port, protocolOnly } = asked
    const addresses = clusterAddresses(service)
    if (addresses.length === 0) return undefined
    const { domain } = context
    const ports = service.spec?.ports ?? []
    if (protocolOnly !== undefined) {
      const has = ports.some(({ protocol = 'TCP' }) => `_${protocol}`.toLowerCase() === protocolOnly)
      return has ? answersOr(domain, []) : undefined
    }
    const chosen = ports.filter(one => matchesPort(one, port))
    if (port && chosen.length === 0) return undefined
    if (type === 'SRV') {
      const target = serviceName(service, domain)
      const records = serviceRecords(
        name,
        chosen.map(one => ({ name: target, port: one.port ?? 0 })),
      )
      return answersOr(domain, records, addressRecords(target, addresses))
    }
    const records = port ? [] : addressRecords(name, addresses)
    return answersOr(
      domain,
      records.filter(record => record.type === type),
    )
  },
}
