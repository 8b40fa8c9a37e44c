// Questions about more than one type. ANY gets the short answer of RFC 8482; zones are not handed out.
import { type DNSPlugin, recordTTL } from '../plugin.ts'

export const metaQueryPlugin: DNSPlugin = {
  name: 'metaquery',
  answer({ name, type }) {
    if (type === 'AXFR' || type === 'IXFR') return { rcode: 'REFUSED' }
    if (type !== 'ANY') return undefined
    return {
      rcode: 'NOERROR',
      answers: [{ name, type: 'HINFO', ttl: recordTTL, data: { cpu: 'RFC8482', os: '' } }],
    }
  },
}
