// Measures the Service proxy against the kernel's nftables, in a network namespace of its own: how long until
// the kernel has 10,000 Services with two endpoints in each of two families, and what one Service more costs
// with few and with many present. The Services come from a list in memory, so that the proxy and nft alone
// are measured. `npx tsx bench/proxy.ts`, as root.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EndpointSlice, Node, Service } from '../src/api/generated/types.ts'
import type { KubeObject } from '../src/api/object.ts'
import type { Transport, TransportRequest, TransportResponse, WatchHandlers } from '../src/api/transport.ts'
import { Client } from '../src/client/client.ts'
import { Informers } from '../src/client/informers.ts'
import { systemClock } from '../src/component/clock.ts'
import { hostExec, inNetworkNamespace } from '../src/host/exec.ts'
import { createNetworkNamespace, removeNetworkNamespace } from '../src/host/netns.ts'
import type { IPFamily } from '../src/ip/family.ts'
import { ServiceProxy } from '../src/network/proxy/proxy.ts'

const print = (name: string, figure: string) => process.stdout.write(`${name}: ${figure}\n`)
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!
const families = ['IPv4', 'IPv6'] as const

const octets = (first: number, number: number) =>
  [first + (number >> 16), (number >> 8) & 255, number & 255].join('.')
const hextets = (number: number) => `${(number >> 16).toString(16)}:${(number & 0xffff).toString(16)}`
const serviceAddress: Record<IPFamily, (index: number) => string> = {
  IPv4: index => `10.${octets(96, index)}`,
  IPv6: index => `fd00:10:96::${hextets(index)}`,
}
const podAddress: Record<IPFamily, (index: number) => string> = {
  IPv4: index => `10.${octets(128, index)}`,
  IPv6: index => `fd00:10:244::${hextets(index)}`,
}

interface ServiceObjects {
  readonly service: Service
  readonly slices: readonly EndpointSlice[]
}

function serviceObjects(index: number, revision: number): ServiceObjects {
  const name = `service-${index}`
  const metadata = { namespace: 'bench', resourceVersion: String(revision) }
  const service: Service = {
    metadata: { ...metadata, name, uid: name },
    spec: {
      type: 'ClusterIP',
      clusterIPs: families.map(family => serviceAddress[family](index)),
      ipFamilies: [...families],
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
    },
  }
  const slices = families.map((family): EndpointSlice => {
    const sliceName = `${name}-${family.toLowerCase()}`
    return {
      metadata: {
        ...metadata,
        name: sliceName,
        uid: sliceName,
        labels: { 'kubernetes.io/service-name': name },
      },
      addressType: family,
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [0, 1].map(which => ({
        addresses: [podAddress[family](2 * index + which)],
        nodeName: `node-${which}`,
        conditions: { ready: true },
      })),
    }
  })
  return { service, slices }
}

/** An API server that has these Services and one node, and tells of more. */
class ListTransport implements Transport {
  #revision = 1
  readonly #services: Service[] = []
  readonly #slices: EndpointSlice[] = []
  readonly #watchers = new Map<string, WatchHandlers<KubeObject>>()

  constructor(count: number) {
    for (let index = 0; index < count; index++) {
      const { service, slices } = serviceObjects(index, this.#revision++)
      this.#services.push(service)
      this.#slices.push(...slices)
    }
  }

  async request<T>({ path }: TransportRequest): Promise<TransportResponse<T>> {
    const node: Node = {
      metadata: { name: 'node-1', uid: 'node-1', resourceVersion: '1' },
      spec: { podCIDRs: ['10.128.0.0/24', 'fd00:10:244::/64'] },
    }
    const items = path.endsWith('/services')
      ? this.#services
      : path.endsWith('/endpointslices')
        ? this.#slices
        : [node]
    const body = { metadata: { resourceVersion: String(this.#revision) }, items }
    return { status: 200, warnings: [], body: body as T }
  }

  async watch<T>({ path }: TransportRequest, handlers: WatchHandlers<T>) {
    this.#watchers.set(
      path.slice(path.lastIndexOf('/') + 1),
      handlers as unknown as WatchHandlers<KubeObject>,
    )
    return { close: () => undefined }
  }

  tell(type: 'ADDED' | 'DELETED', index: number): void {
    const { service, slices } = serviceObjects(index, ++this.#revision)
    this.#watchers.get('services')?.onEvents([{ type, object: service }])
    this.#watchers.get('endpointslices')?.onEvents(slices.map(object => ({ type, object })))
  }
}

/** Resident memory in MB. */
const memory = () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024)

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

async function measure(count: number) {
  const directory = mkdtempSync(join(tmpdir(), 'futago-bench-'))
  const namespace = join(directory, 'netns')
  await createNetworkNamespace(hostExec, namespace)
  const transport = new ListTransport(count)
  const informers = new Informers({ client: new Client(transport), clock: systemClock })
  const proxy = new ServiceProxy({
    informers,
    exec: inNetworkNamespace(hostExec, namespace),
    nodeName: 'node-1',
    nodeAddresses: ['192.0.2.1', '2001:db8::1'],
    clock: systemClock,
  })
  try {
    await informers.start()
    const began = performance.now()
    await proxy.start()
    const fullMs = performance.now() - began
    const changes: number[] = []
    for (let round = 0; round < 41; round++) {
      transport.tell(round % 2 === 0 ? 'ADDED' : 'DELETED', count)
      while (!proxy.isCurrent) await pause(1)
      if (round % 2 === 0) changes.push(proxy.statistics.lastSyncMs)
      await pause(5)
    }
    return { fullMs, oneMs: median(changes), memoryMB: memory() }
  } finally {
    await proxy.stop()
    await informers.stop()
    await removeNetworkNamespace(hostExec, namespace)
    rmSync(directory, { recursive: true, force: true })
  }
}

const few = 100
const many = 20_000
const counted = 10_000
const first = await measure(few)
const full = await measure(counted)
const last = await measure(many)
print(
  `proxy, full sync of ${counted} Services with 2 endpoints in each of 2 families`,
  `${(full.fullMs / 1000).toFixed(2)} s (Kubernetes' nftables mode: 9 min to create them one by one)`,
)
print(`proxy, full sync of ${many} such Services`, `${(last.fullMs / 1000).toFixed(2)} s`)
print(
  `proxy, one Service more with ${few} / ${counted} / ${many} present`,
  `${first.oneMs.toFixed(1)} / ${full.oneMs.toFixed(1)} / ${last.oneMs.toFixed(1)} ms, ` +
    `ratio ${(last.oneMs / first.oneMs).toFixed(2)} (10 ms of each are the wait for more changes; ` +
    "Kubernetes' nftables mode with 10,000: 141 ms)",
)
print(`proxy, resident memory with ${many} Services, informers included`, `${last.memoryMB} MB`)
