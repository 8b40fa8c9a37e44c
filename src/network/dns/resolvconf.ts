// The name servers that the host itself uses: resolv.conf(5).
import { isIP } from 'node:net'

/** In the order of the file; an address may have a zone, `fe80::1%eth0`. */
export const parseNameservers = (text: string): string[] =>
  text.split('\n').flatMap(line => {
    const [keyword, address = ''] = line.trim().split(/\s+/)
    return keyword === 'nameserver' && isIP(address) > 0 ? [address] : []
  })
