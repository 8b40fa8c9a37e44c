// Headless Services and single endpoints (section 2.4): the addresses of those that are ready, under the
// Service's name and under their own. Without a ready endpoint the name does not exist.
import { answersOr, type DNSContext, type DNSPlugin } from '../plugin.ts'
import * as records from '../records.ts'
import { type ServiceQuestion, serviceQuestion } from '../servicequestion.ts'

function srvReply(name: string, asked: ServiceQuestion, context: DNSContext) {
  const { service, port } = asked
  const { domain } = context
  const hosts = records.hostsOf(service, context)
  const nameOf = (host: records.Host) => `${host.hostname}.${records.serviceName(service, domain)}`
  const targets = hosts.flatMap(host =>
    host.ports
      .filter(one => records.matchesPort(one, port))
      .map(one => ({ name: nameOf(host), port: one.port })),
  )
  const named = new Set(targets.map(target => target.name))
  const additionals = hosts
    .filter(host => named.has(nameOf(host)))
    .flatMap(host => records.addressRecords(nameOf(host), host.addresses))
  return targets.length > 0
    ? answersOr(domain, records.serviceRecords(name, targets), additionals)
    : undefined
}

const hasPort = (hosts: readonly records.Host[], { port, protocolOnly }: ServiceQuestion) =>
  hosts.some(host =>
    host.ports.some(one =>
      protocolOnly === undefined
        ? records.matchesPort(one, port)
        : `_${one.protocol}`.toLowerCase() === protocolOnly,
    ),
  )

export const endpointPlugin: DNSPlugin = {
  name: 'endpoint',
  answer({ name, type }, context) {
    const asked = serviceQuestion(name, context)
    if (!asked || (asked.hostname === undefined && !records.isHeadless(asked.service))) return undefined
    const { service, port, hostname, protocolOnly } = asked
    if (type === 'SRV' && hostname === undefined && !protocolOnly) return srvReply(name, asked, context)
    const hosts = records
      .hostsOf(service, context)
      .filter(host => hostname === undefined || host.hostname === hostname)
    if (hosts.length === 0) return undefined
    if (port || protocolOnly) return hasPort(hosts, asked) ? answersOr(context.domain, []) : undefined
    return answersOr(
      context.domain,
      records.addressRecords(name, records.addressesOf(hosts)).filter(record => record.type === type),
    )
  },
}
