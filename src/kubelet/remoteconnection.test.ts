import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as requestHTTP } from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import { connect as connectTLS } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import type { Node, Pod } from '../api/generated/types.ts'
import { parseExposition } from '../component/exposition.fake.ts'
import { silentLogger } from '../component/log.ts'
import { familyOrders, type IPFamilies, loopbackAddress } from '../ip/family.ts'
import { createAuthority, issueCertificate } from '../x509/certificates.ts'
import { namespace, startTestCluster } from './cluster.fake.ts'
import type { Kubelet } from './kubelet.ts'
import { connectRemoteKubelets, kubeletAddresses } from './remoteconnection.ts'
import { listenKubelet } from './server.ts'
import { ServerAccess } from './serveraccess.ts'

const validity = { notBeforeMs: 0, notAfterMs: 4_000_000_000_000 }
const authority = createAuthority('test', validity)
const serving = issueCertificate(authority, {
  commonName: 'node1',
  ipAddresses: Object.values(loopbackAddress),
  usages: ['server'],
  ...validity,
})
const clientCertificate = issueCertificate(authority, {
  commonName: 'kube-apiserver',
  organizations: ['system:masters'],
  usages: ['client'],
  ...validity,
})

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** A simulated node behind a real server, and a connection to it as the API server has it. */
async function startServer(families: IPFamilies = ['IPv4', 'IPv6']) {
  const cluster = await startTestCluster(families)
  const { client, clock } = cluster
  const kubelet = (await cluster.connect()) as Kubelet
  const access = new ServerAccess({ client, clock, nodeName: 'node1' })
  const parts = { kubelet, clock, log: silentLogger, access }
  const addresses = families.map(family => loopbackAddress[family])
  const server = await listenKubelet(parts, {
    addresses,
    port: 0,
    clientCA: authority.certificate,
    ...serving,
  })
  const node: Node = {
    metadata: { name: 'node1' },
    status: {
      addresses: addresses.map(address => ({ type: 'InternalIP', address })),
      daemonEndpoints: { kubeletEndpoint: { Port: server.port } },
    },
  }
  stops.push(
    () => cluster.stop(),
    () => server.close(),
  )
  const connector = connectRemoteKubelets({
    node: name => (name === 'node1' ? node : undefined),
    credentials: () => clientCertificate,
    ca: authority.certificate,
    families,
  })
  return { cluster, server, node, connector, connection: await connector('node1') }
}

const reference = (pod: Pod, container = 'c') => ({
  namespace,
  pod: pod.metadata.name ?? '',
  uid: pod.metadata.uid ?? '',
  container,
})
const never = new AbortController().signal
const streams = { stdin: true, stdout: true, stderr: true, tty: false }

test.each(familyOrders.map(families => [families]))(
  'Over %j a command gets its input to the end, and its output and exit code arrive',
  async families => {
    const { cluster, connection } = await startServer(families)
    const pod = await cluster.run('p', {})
    const data = randomBytes(5 * 1024 * 1024)
    const session = await connection.exec(reference(pod), { command: ['cat'], ...streams })
    session.stdin?.end(data)
    expect((await buffer(session.stdout!)).equals(data)).toBe(true)
    expect(await session.outcome).toEqual({ type: 'exited', exitCode: 0 })
    const command = ['sh', '-c', 'echo wrong >&2; exit 4']
    const failing = await connection.exec(reference(pod), { command, ...streams })
    expect(await text(failing.stderr!)).toBe('wrong\n')
    expect(await failing.outcome).toEqual({ type: 'exited', exitCode: 4 })
  },
)

test('Attached to a terminal one types at the container, and its end is the end', async () => {
  const { cluster, connection } = await startServer()
  const containers = [{ name: 'c', image: 'busybox', stdin: true, tty: true }]
  const pod = await cluster.run('p', { restartPolicy: 'Never', containers })
  const options = { stdin: true, stdout: true, stderr: false, tty: true }
  const session = await connection.attach(reference(pod), options)
  session.resize({ columns: 80, rows: 24 })
  session.stdin?.write('echo $((6 * 7))\rexit 7\r')
  expect(await text(session.stdout!)).toContain('42\r\n')
  expect(await session.outcome).toEqual({ type: 'exited', exitCode: 0 })
})

test('Logs come whole, in part, or as they are written', async () => {
  const { cluster, connection } = await startServer()
  const command = ['sh', '-c', 'echo one; echo two; sleep 5; echo three']
  const containers = [{ name: 'c', image: 'busybox', command }]
  const pod = await cluster.run('p', { restartPolicy: 'Never', containers })
  expect(await text(await connection.logs(reference(pod), {}, never))).toBe('one\ntwo\n')
  expect(await text(await connection.logs(reference(pod), { tailLines: 1 }, never))).toBe('two\n')
  const followed = await connection.logs(reference(pod), { follow: true }, never)
  const all = text(followed)
  await cluster.pass(5000)
  expect(await all).toBe('one\ntwo\nthree\n')
  const stopping = new AbortController()
  const cut = await connection.logs(reference(pod), { follow: true }, stopping.signal)
  stopping.abort()
  await new Promise(resolve => cut.once('close', resolve))
})

test('What the kubelet refuses is the StatusError that it said', async () => {
  const { cluster, connection, connector } = await startServer()
  const pod = await cluster.run('p', {})
  await expect(connection.exec(reference(pod, 'x'), { command: ['ls'], ...streams })).rejects.toMatchObject({
    code: 404,
    message: 'container "x" not found in pod "p"',
  })
  await expect(connection.logs({ ...reference(pod), pod: 'q' }, {}, never)).rejects.toMatchObject({
    code: 404,
    message: 'pod q does not exist',
  })
  const forwarded = await connection.portForward(reference(pod), 80)
  await expect(text(forwarded)).rejects.toThrow(
    'nothing listens on port 80 of the simulated pod default/p: connection refused',
  )
  await expect(connector('node2')).rejects.toThrow('nodes "node2" not found')
})

test('Metrics tell what containers use, the same in process and over the network', async () => {
  const { cluster, connection } = await startServer()
  await cluster.run('p', {})
  await cluster.pass(10_000)
  const usage = await connection.usage()
  expect(usage.pods).toEqual([
    {
      uid: expect.any(String),
      namespace: 'default',
      name: 'p',
      containers: [
        {
          name: 'c',
          timeMs: 1_767_268_810_000,
          startedAt: '2026-01-01T12:00:00Z',
          cpuNanoseconds: 10_000_000,
          memoryWorkingSetBytes: 1_048_576,
        },
      ],
    },
  ])
  expect(await (await cluster.connect()).usage()).toEqual(usage)
})

/** Over one connection of its own, as nodes/proxy uses it. */
async function get(connect: () => Promise<import('node:stream').Duplex>, path: string) {
  const socket = await connect()
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const sent = requestHTTP({ path, createConnection: () => socket as never })
    sent.once('response', resolve).once('error', reject).end()
  })
  const found = { status: answer.statusCode, body: await text(answer) }
  socket.destroy()
  return found
}

async function metricsAt(connect: Parameters<typeof get>[0], path: string) {
  return { families: parseExposition((await get(connect, path)).body) }
}

test('The server answers upstreams paths, in process and over the network', async () => {
  const { cluster, connection } = await startServer()
  await cluster.run('p', {})
  const inProcess = await cluster.connect()
  for (const connect of [() => connection.connect(), () => inProcess.connect()]) {
    expect(await get(connect, '/healthz')).toEqual({ status: 200, body: 'ok' })
    const { items } = JSON.parse((await get(connect, '/pods/')).body)
    expect(items.map(({ metadata }: Pod) => metadata.name)).toEqual(['p'])
    const { body } = await get(connect, '/metrics/resource')
    expect(body).toContain(
      'container_memory_working_set_bytes{container="c",namespace="default",pod="p"} 1048576 1767268800000\n',
    )
    const { families } = await metricsAt(connect, '/metrics')
    expect(families.get('kubelet_node_name')?.samples[0]?.labels).toEqual({ node: 'node1' })
    expect(families.get('kubelet_running_pods')?.samples[0]?.value).toBe(1)
    expect(families.get('kubelet_running_containers')?.samples).toContainEqual({
      name: 'kubelet_running_containers',
      labels: { container_state: 'running' },
      value: 1,
    })
    const containers = (await metricsAt(connect, '/metrics/cadvisor')).families
    expect(containers.get('container_memory_working_set_bytes')?.samples[0]).toMatchObject({
      labels: { container: 'c', namespace: 'default', pod: 'p' },
      value: 1_048_576,
    })
    expect((await get(connect, '/nowhere')).status).toBe(404)
  }
})

test("The Node's addresses are tried in the order of the API server's families", async () => {
  const addresses = ['192.0.2.1', '2001:db8::1'].map(address => ({ type: 'InternalIP', address }))
  const node: Node = { metadata: {}, status: { addresses } }
  expect(kubeletAddresses(node, ['IPv4', 'IPv6'])).toEqual(['192.0.2.1:10250', '[2001:db8::1]:10250'])
  expect(kubeletAddresses(node, ['IPv6', 'IPv4'])).toEqual(['[2001:db8::1]:10250', '192.0.2.1:10250'])
  expect(kubeletAddresses(node, ['IPv6'])).toEqual(['[2001:db8::1]:10250', '192.0.2.1:10250'])
})

test('Where one address cannot be reached the next one is', async () => {
  const { cluster, node, connector } = await startServer(['IPv4'])
  const pod = await cluster.run('p', {})
  node.status!.addresses = Object.values(loopbackAddress)
    .reverse()
    .map(address => ({ type: 'InternalIP', address }))
  Object.assign(node.status!, {
    addresses: [{ type: 'InternalIP', address: '::1' }, ...node.status!.addresses],
  })
  const connection = await connector('node1')
  expect(await text(await connection.logs(reference(pod), {}, never))).toBe('')
})

test.each(familyOrders.map(order => [order]))(
  'A server of %j proves itself with its new certificate once it has one',
  async order => {
    const { server } = await startServer(order)
    const fresh = issueCertificate(authority, { commonName: 'fresh', usages: ['server'], ...validity })
    server.setCertificate(fresh.certificate, fresh.key)
    for (const family of order) {
      const socket = connectTLS({
        host: loopbackAddress[family],
        port: server.port,
        rejectUnauthorized: false,
      })
      await once(socket, 'secureConnect')
      expect(socket.getPeerCertificate().subject.CN).toBe('fresh')
      socket.destroy()
    }
  },
)
