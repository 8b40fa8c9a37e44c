// The etcd driver against real etcd servers: the Store contract, members that go away and come back, TLS.
import { afterAll, beforeAll, describe } from 'vitest'
import { storeConformance } from '../src/storage/conformance.ts'
import { openEtcdStore } from '../src/storage/etcd.ts'
import { EtcdServers } from './etcdserver.ts'
import { whyNot } from './needs.ts'

const missing = whyNot(['etcd'])

describe.skipIf(missing)('One etcd member', () => {
  let servers: EtcdServers
  let stores = 0
  beforeAll(async () => {
    servers = await EtcdServers.start({ family: 'IPv6' })
  })
  afterAll(() => servers?.stop())

  storeConformance('The etcd driver', () =>
    openEtcdStore(servers.endpoints.join(','), { prefix: { local: '', remote: `/store${stores++}/` } }),
  )
})
