// Names of addresses (sections 2.3.3 and 2.4.3) in in-addr.arpa and ip6.arpa. Addresses in the cluster's
// ranges are never asked outside.
import { formatAddress } from '../../../ip/address.ts'
import { cidrContains } from '../../../ip/cidr.ts'
import { addressIndex, answersOr, type DNSContext, type DNSPlugin, noSuchName, recordTTL } from '../plugin.ts'
import { hostsOf, isHeadless, serviceName } from '../records.ts'
import { parseReverseName } from '../reversename.ts'

function namesOf(address: string, context: DNSContext): string[] {
  const { services, endpointSlices, domain } = context
  const service = services.byIndex(addressIndex, address)[0]
  if (service) return [serviceName(service, domain)]
  const keys = endpointSlices
    .byIndex(addressIndex, address)
    .map(({ metadata }) => `${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`)
  return [...new Set(keys)].flatMap(key => {
    const owner = services.get(key)
    if (!owner || !isHeadless(owner)) return []
    return hostsOf(owner, context)
      .filter(host => host.addresses.includes(address))
      .map(host => `${host.hostname}.${serviceName(owner, domain)}`)
  })
}

export const reversePlugin: DNSPlugin = {
  name: 'reverse',
  answer({ name, type }, context) {
    const address = parseReverseName(name)
    if (!address) return undefined
    const names = [...new Set(namesOf(formatAddress(address), context))]
    const zone = name.slice(name.indexOf('.') + 1)
    if (names.length > 0) {
      const records = names.map(data => ({ name, type: 'PTR', ttl: recordTTL, data }))
      return answersOr(zone, type === 'PTR' ? records : [])
    }
    return context.ranges.some(range => cidrContains(range, address)) ? noSuchName(zone) : undefined
  },
}
