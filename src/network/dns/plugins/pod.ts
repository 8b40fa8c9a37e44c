// `10-244-0-7.default.pod`, `fd00-10-244--7.default.pod` (section 2.6): says only what the name says itself.
// Deprecated, but the specification still asks for it.
import { canonicalAddress } from '../../../ip/address.ts'
import { answersOr, type DNSPlugin, labelsBelow } from '../plugin.ts'
import { addressRecords } from '../records.ts'

const undashed = (label: string): string | undefined =>
  canonicalAddress(label.replaceAll('-', '.')) ?? canonicalAddress(label.replaceAll('-', ':'))

export const podPlugin: DNSPlugin = {
  name: 'pod',
  answer({ name, type }, { domain, namespaces }) {
    const labels = labelsBelow(name, domain)
    if (labels?.length !== 3 || labels[2] !== 'pod' || !namespaces.get(labels[1]!)) return undefined
    const address = undashed(labels[0]!)
    if (address === undefined) return undefined
    return answersOr(
      domain,
      addressRecords(name, [address]).filter(record => record.type === type),
    )
  },
}
