// The same work for any API server: writes, reads, lists and watches through its kubeconfig. Prints one
// JSON line when run by itself: `tsx bench/load.ts KUBECONFIG...`; of several servers, each gets its share.
import { performance } from 'node:perf_hooks'
import { Connection, type Requests, SpreadConnection } from './connection.ts'

export interface Rate {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export type Figures = Readonly<Record<string, Rate>>

const concurrency = 16

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]! * 100) / 100
}

const rate = (latencies: readonly number[], elapsedMs: number): Rate => ({
  perSecond: Math.round((latencies.length / elapsedMs) * 1000),
  p50Ms: quantile(latencies, 0.5),
  p99Ms: quantile(latencies, 0.99),
})

async function repeat(
  count: number,
  work: (index: number) => Promise<unknown>,
  workers = concurrency,
): Promise<Rate> {
  const latencies: number[] = []
  const began = performance.now()
  let next = 0
  const worker = async () => {
    while (next < count) {
      const index = next++
      const start = performance.now()
      await work(index)
      latencies.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
  return rate(latencies, performance.now() - began)
}

const configMap = (name: string, bytes: number) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { app: 'bench' } },
  data: { a: 'x'.repeat(bytes) },
})

const service = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `svc-${index}` },
  spec: { ipFamilyPolicy: 'PreferDualStack', selector: { app: 'a' }, ports: [{ port: 80 }] },
})

const pod = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${index}`, labels: { app: `a${index % 10}`, rack: `r${index % 100}` } },
  spec: {
    schedulerName: 'none',
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'c',
        image: 'registry.example/app:1',
        env: [{ name: 'MY_POD_IPS', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } }],
        ports: [{ containerPort: 80 }],
        resources: { requests: { cpu: '10m', memory: '16Mi' } },
      },
    ],
  },
})

export interface Place {
  readonly connection: Requests
  /** `/api/v1/namespaces/NAME`. */
  readonly core: string
}

interface Counts {
  readonly configMaps: number
  readonly services: number
  readonly pods: number
}

async function writes({ connection, core }: Place, counts: Counts): Promise<Figures> {
  const create = (path: string, body: unknown) =>
    connection.must({ method: 'POST', path: `${core}/${path}`, body })
  const { configMaps, services, pods } = counts
  return {
    createConfigMap: await repeat(configMaps, index => create('configmaps', configMap(`cm-${index}`, 1500))),
    getConfigMap: await repeat(configMaps * 3, index =>
      connection.must({ path: `${core}/configmaps/cm-${index % configMaps}` }),
    ),
    mergePatchConfigMap: await repeat(configMaps, index =>
      connection.must({
        method: 'PATCH',
        path: `${core}/configmaps/cm-${index}`,
        contentType: 'application/merge-patch+json',
        body: { metadata: { labels: { x: String(index) } } },
      }),
    ),
    createDualStackService: await repeat(services, index => create('services', service(index))),
    createPod: await repeat(pods, index => create('pods', pod(index))),
  }
}

async function lists({ connection, core }: Place): Promise<Figures> {
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const measure = async (query: string, accept?: string) => {
    const sent = { path: `${core}/pods${query}`, ...(accept ? { accept } : {}) }
    await connection.must(sent)
    return repeat(9, () => connection.must(sent), 1)
  }
  return {
    list2000PodsJSON: await measure(''),
    list2000PodsTable: await measure('', table),
    list2000PodsByLabel: await measure('?labelSelector=rack%3Dr7'),
  }
}

const watchers = 50
const eventsPerRound = 200

/** From the first write until every watcher has seen every event. */
async function watchRound({ connection, core }: Place, round: number): Promise<Rate> {
  const { metadata } = JSON.parse(
    (await connection.must({ path: `${core}/configmaps?limit=1` })).body.toString(),
  )
  const sent = new Map<string, number>()
  const latencies: number[] = []
  let finished: () => void
  const all = new Promise<void>(resolve => {
    finished = resolve
  })
  const onLine = (line: string) => {
    const at = line.indexOf('"name":"ev-') + 8
    const start = sent.get(line.slice(at, line.indexOf('"', at)))
    if (start === undefined) return
    latencies.push(performance.now() - start)
    if (latencies.length === watchers * eventsPerRound) finished()
  }
  const path = `${core}/configmaps?watch=1&resourceVersion=${metadata.resourceVersion}`
  const open = await Promise.all(Array.from({ length: watchers }, () => connection.watch(path, onLine)))
  const began = performance.now()
  const write = (index: number) => {
    const name = `ev-${round}-${index}`
    sent.set(name, performance.now())
    return connection.must({ method: 'POST', path: `${core}/configmaps`, body: configMap(name, 500) })
  }
  await repeat(eventsPerRound, write, 4)
  await all
  const figures = rate(latencies, performance.now() - began)
  for (const watch of open) watch.close()
  return figures
}

async function watches(place: Place): Promise<Figures> {
  // Two to warm up, then five of which the middle one counts.
  for (let round = 0; round < 2; round++) await watchRound(place, round)
  const rounds: Rate[] = []
  for (let round = 2; round < 7; round++) rounds.push(await watchRound(place, round))
  rounds.sort((a, b) => a.perSecond - b.perSecond)
  return { watch200EventsTo50: rounds[2]! }
}

export async function createNamespace(connection: Requests, name: string): Promise<Place> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  await connection.must({ method: 'POST', path: '/api/v1/namespaces', body: namespace })
  return { connection, core: `/api/v1/namespaces/${name}` }
}

/** How fast dual-stack Services are created; their names go on from `first`. */
export async function createServices(place: Place, first: number, count: number): Promise<Rate> {
  const { connection, core } = place
  return repeat(count, index =>
    connection.must({ method: 'POST', path: `${core}/services`, body: service(first + index) }),
  )
}

/**
 * Everything, in a namespace of its own that is deleted at the end. Client and server first do half of the
 * writes in another namespace, so that neither is measured while it is still being compiled.
 */
export async function runLoad(kubeconfigPaths: readonly string[]): Promise<Figures> {
  const connection = new SpreadConnection(kubeconfigPaths.map(path => new Connection(path, concurrency + 2)))
  const name = `bench-${Math.random().toString(36).slice(2, 8)}`
  const warm = await createNamespace(connection, `${name}-warm`)
  const place = await createNamespace(connection, name)
  await new Promise(resolve => setTimeout(resolve, 1500))
  try {
    await writes(warm, { configMaps: 2000, services: 300, pods: 1000 })
    return {
      ...(await writes(place, { configMaps: 2000, services: 1000, pods: 2000 })),
      ...(await lists(place)),
      ...(await watches(place)),
    }
  } finally {
    for (const { core } of [warm, place]) await connection.send({ method: 'DELETE', path: core })
    connection.close()
  }
}

if (process.argv[1]?.endsWith('load.ts')) {
  process.stdout.write(`${JSON.stringify(await runLoad(process.argv.slice(2)))}\n`)
}
