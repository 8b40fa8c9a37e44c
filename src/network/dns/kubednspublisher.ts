// Keeps the Service kube-dns and its EndpointSlices as they must be, whoever changes or deletes them.
import type { EndpointSlice, Service } from '../../api/generated/types.ts'
import { services } from '../../api/resources/core/service.ts'
import { endpointSlices } from '../../api/resources/discovery.k8s.io/endpointslice.ts'
import { isAlreadyExists, isNotFound } from '../../api/status.ts'
import type { Client } from '../../client/client.ts'
import { type KubeDNSAddresses, kubeDNS, kubeDNSService, kubeDNSSlices } from './kubednsservice.ts'

const orUndefined = async <T>(request: Promise<T>): Promise<T | undefined> => {
  try {
    return await request
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

const same = (found: unknown, wanted: unknown) => JSON.stringify(found) === JSON.stringify(wanted)

/** One with other addresses is in the way: addresses cannot be changed. */
async function ensureService(client: Client, addresses: KubeDNSAddresses): Promise<Service> {
  const wanted = kubeDNSService(addresses)
  const found = await orUndefined(client.get(services, kubeDNS))
  if (found && same(found.spec?.clusterIPs, wanted.spec?.clusterIPs)) return found
  if (found) await client.delete(services, kubeDNS)
  return client.create(services, wanted)
}

async function ensureSlice(client: Client, wanted: EndpointSlice): Promise<void> {
  const { namespace = '', name = '' } = wanted.metadata
  const found = await orUndefined(client.get(endpointSlices, { namespace, name }))
  if (!found) {
    await client.create(endpointSlices, wanted)
    return
  }
  const isSame =
    same(found.endpoints, wanted.endpoints) &&
    same(found.ports, wanted.ports) &&
    same(found.metadata.ownerReferences?.[0]?.uid, wanted.metadata.ownerReferences?.[0]?.uid)
  if (!isSame) {
    const { resourceVersion } = found.metadata
    await client.update(endpointSlices, { ...wanted, metadata: { ...wanted.metadata, resourceVersion } })
  }
}

/** Reads and writes only what is not as it must be; to be repeated. */
export async function publishKubeDNS(client: Client, addresses: KubeDNSAddresses): Promise<void> {
  const service = await ensureService(client, addresses)
  for (const slice of kubeDNSSlices(service, addresses)) {
    try {
      await ensureSlice(client, slice)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }
}
