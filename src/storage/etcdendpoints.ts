// Where an etcd is, as it stands behind `--store etcd:`: `http://[::1]:2379,http://root:secret@etcd.example`.
// The name and the password, where there are any, are one user's of the whole cluster.
import { StoreError } from './store.ts'

export interface EtcdUser {
  readonly name: string
  readonly password: string
}

export interface EtcdEndpoints {
  readonly urls: readonly URL[]
  readonly user?: EtcdUser
}

/** A location as it may be shown: without names and passwords. */
export const withoutCredentials = (location: string): string => location.replace(/\/\/[^/,]*@/g, '//***@')

function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.hostname && url.pathname === '/') return url
  const shown = JSON.stringify(withoutCredentials(endpoint))
  throw new StoreError(
    'Unavailable',
    `Cannot use the etcd endpoint ${shown}: expected a URL such as http://[::1]:2379`,
  )
}

/** Throws StoreError `Unavailable` for what are none. */
export function parseEndpoints(endpoints: readonly string[]): EtcdEndpoints {
  const urls = endpoints.map(parseEndpoint)
  const named = urls.find(({ username }) => username !== '')
  if (!named) return { urls }
  const [name, password] = [decodeURIComponent(named.username), decodeURIComponent(named.password)]
  return { urls, user: { name, password } }
}
