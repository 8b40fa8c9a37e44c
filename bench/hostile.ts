// What the API server has to bear with: thousands of idle watches, readers that stop in the middle of a large
// list, and a user who floods it while another one works.
import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { performance } from 'node:perf_hooks'
import { connect as connectTLS, type TLSSocket } from 'node:tls'
import { load } from 'js-yaml'
import { Connection } from './connection.ts'
import { type Futago, print, withFutago } from './futago.ts'

const watches = 5000
const readers = 50
const listMB = 50
const floodMs = 5000
const floodStreams = 1000

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Record<string, string> }[]
  readonly users: readonly { readonly user: Record<string, string> }[]
}

function credentialsOf(futago: Futago) {
  const { clusters, users } = load(readFileSync(futago.kubeconfig, 'utf8')) as Kubeconfig
  const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64')
  const server = clusters[0]!.cluster['server']!
  const ca = bytes(clusters[0]!.cluster['certificate-authority-data'])
  const { user } = users[0]!
  return { server, ca, cert: bytes(user['client-certificate-data']), key: bytes(user['client-key-data']) }
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Status of an answer whose body is thrown away. */
function ask(session: ClientHttp2Session, path: string, token?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ...(token ? { authorization: `Bearer ${token}` } : {}) })
    let status = 0
    stream.once('response', headers => {
      status = Number(headers[':status'])
    })
    stream.once('error', reject)
    stream.once('end', () => resolve(status))
    stream.resume()
  })
}

async function benchWatches(futago: Futago): Promise<void> {
  const { server, ...credentials } = credentialsOf(futago)
  const before = futago.memory()
  const sessions = Array.from({ length: watches / 200 }, () => connect(server, credentials))
  const opened = sessions.flatMap(session =>
    Array.from({ length: 200 }, () => {
      const stream = session.request({ ':path': '/api/v1/nodes?watch=1&fieldSelector=metadata.name%3Dnone' })
      stream.on('error', () => undefined)
      return new Promise(resolve => stream.once('response', resolve))
    }),
  )
  await Promise.all(opened)
  const after = futago.memory()
  const each = ((after - before) * 1024) / watches
  print(
    `${watches} idle watches on ${sessions.length} connections: ${after - before} MB, ${each.toFixed(1)} kB each`,
  )
  for (const session of sessions) session.destroy()
}

async function benchReaders(futago: Futago): Promise<void> {
  const admin = new Connection(futago.kubeconfig, 4)
  const data = { a: 'x'.repeat(1024 * 1024) }
  for (let index = 0; index < listMB; index++) {
    const body = { metadata: { name: `large-${index}` }, data }
    await admin.must({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', body })
  }
  const before = futago.memory()
  const { server, ...credentials } = credentialsOf(futago)
  const { hostname, port } = new URL(server)
  const host = hostname.replace(/^\[|\]$/g, '')
  const sockets = Array.from({ length: readers }, (): TLSSocket => {
    const socket = connectTLS({ host, port: Number(port), ...credentials })
    socket.on('error', () => undefined)
    socket.write('GET /api/v1/configmaps HTTP/1.1\r\nHost: a\r\n\r\n')
    socket.once('readable', () => socket.pause())
    return socket
  })
  await pause(3000)
  print(`${readers} readers that stop in a list of ${listMB} MB: ${futago.memory() - before} MB`)
  for (const socket of sockets) socket.destroy()
  admin.close()
}

async function tokenOf(admin: Connection, name: string): Promise<string> {
  const path = '/api/v1/namespaces/default/serviceaccounts'
  await admin.must({ method: 'POST', path, body: { metadata: { name } } })
  const binding = {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
  }
  await admin.must({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    body: binding,
  })
  const { body } = await admin.must({ method: 'POST', path: `${path}/${name}/token`, body: { spec: {} } })
  return (JSON.parse(body.toString()) as { status: { token: string } }).status.token
}

const path = '/api/v1/namespaces/default/services'

/** Median and 99th percentile in ms of requests one after the other. */
async function latency(session: ClientHttp2Session, token: string, until: () => boolean): Promise<string> {
  const times: number[] = []
  while (!until()) {
    const began = performance.now()
    if ((await ask(session, path, token)) !== 200) throw new Error('the user who works was refused')
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor(times.length * share)]!.toFixed(1)
  return `${at(0.5)} ms, 99 % within ${at(0.99)} ms`
}

async function benchFlood(futago: Futago): Promise<void> {
  const admin = new Connection(futago.kubeconfig, 4)
  const [mallory, jane] = [await tokenOf(admin, 'mallory'), await tokenOf(admin, 'jane')]
  const { server, ca } = credentialsOf(futago)
  const worker = connect(server, { ca })
  let end = performance.now() + 2000
  const isOver = () => performance.now() > end
  const alone = await latency(worker, jane, isOver)
  end = performance.now() + floodMs
  const counts = new Map<number, number>()
  const sessions = Array.from({ length: floodStreams / 200 }, () => connect(server, { ca }))
  const flood = Array.from({ length: floodStreams }, async (_, index) => {
    while (!isOver()) {
      const status = await ask(sessions[index % sessions.length]!, path, mallory)
      counts.set(status, (counts.get(status) ?? 0) + 1)
    }
  })
  const during = await latency(worker, jane, isOver)
  await Promise.all(flood)
  const seen = [...counts].map(([status, count]) => `${count} x ${status}`).join(', ')
  print(
    `a user's request alone: ${alone}; beside ${floodStreams} requests at a time of another: ${during} (${seen})`,
  )
  for (const session of [worker, ...sessions]) session.destroy()
  admin.close()
}

export async function benchHostile(): Promise<void> {
  await withFutago(['--store', 'memory'], async futago => {
    await benchWatches(futago)
    await benchFlood(futago)
    await benchReaders(futago)
  })
}
