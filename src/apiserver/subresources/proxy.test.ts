import { createServer, type Server, request as sendRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EndpointSlice } from '../../api/generated/types.ts'
import { fakeKubelet } from '../../streaming/kubelet.fake.ts'
import { admin, openTestServer } from '../apiserver.fake.ts'
import { ServerRequest } from '../request.ts'
import { parseProxyName, serviceCandidates } from './proxytarget.ts'

const page = '<a href="/next">next</a><a href="rel">r</a><img src=\'http://10.244.0.5:8080/i.png\'>'

/** What runs in the Pod, and stands for the kubelet's own server as well. */
const inPod = createServer(async (request, response) => {
  const { method, url, headers } = request
  if (url === '/page') return void response.setHeader('content-type', 'text/html').end(page)
  if (url === '/moved') return void response.writeHead(302, { location: '/there' }).end()
  if (url === '/empty') return void response.writeHead(204).end()
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ method, url, headers, body: await text(request) }))
})
inPod.on('upgrade', (request, socket: Duplex) => {
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`,
  )
  socket.pipe(socket)
})

let api: Awaited<ReturnType<typeof openTestServer>>
let http: Server
const ports: number[] = []
const portOf = (server: Server) => (server.address() as AddressInfo).port
const listen = (server: Server) => new Promise<void>(resolve => server.listen(0, 'localhost', resolve))

beforeAll(async () => {
  await listen(inPod)
  const dial = async () => connect({ host: 'localhost', port: portOf(inPod) })
  const kubelet = {
    ...fakeKubelet(),
    connect: dial,
    async portForward(_pod: unknown, port: number) {
      ports.push(port)
      if (port === 1) throw new Error('dial tcp 10.244.0.5:1: connect: connection refused')
      return dial()
    },
  }
  api = await openTestServer({ kubelet: async () => kubelet })
  const core = '/api/v1/namespaces/default'
  await api.ask(`POST ${core}/serviceaccounts`, { metadata: { name: 'default' } })
  await api.ask('POST /api/v1/nodes', { metadata: { name: 'n' } })
  const status = { daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } }
  await api.ask('PATCH /api/v1/nodes/n/status', { status }, { contentType: 'application/merge-patch+json' })
  const containers = [{ name: 'c', image: 'i', ports: [{ containerPort: 8080 }] }]
  await api.ask(`POST ${core}/pods`, { metadata: { name: 'p' }, spec: { nodeName: 'n', containers } })
  const podStatus = { podIP: '10.244.0.5', podIPs: [{ ip: '10.244.0.5' }] }
  const merge = { contentType: 'application/merge-patch+json' }
  await api.ask(`PATCH ${core}/pods/p/status`, { status: podStatus }, merge)
  await api.ask(`POST ${core}/services`, {
    metadata: { name: 's' },
    spec: {
      ports: [
        { name: 'web', port: 80, targetPort: 8080 },
        { name: 'none', port: 81 },
      ],
    },
  })
  await api.ask('POST /apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 's-1', labels: { 'kubernetes.io/service-name': 's' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.5'], targetRef: { kind: 'Pod', name: 'p' } }],
    ports: [{ name: 'web', port: 8080 }],
  })
  http = createServer()
  http.on('upgrade', async (message, socket, head) => {
    const { method = '', url = '', headers } = message
    const asked = new ServerRequest({
      method,
      target: url,
      headers,
      certificateUser: admin,
      canUpgrade: true,
    })
    const reply = await api.server.handle(asked)
    reply.upgrade?.(socket, head)
  })
  await listen(http)
})

afterAll(async () => {
  inPod.close()
  http.close()
  await api.close()
})

const pod = '/api/v1/namespaces/default/pods'
const service = '/api/v1/namespaces/default/services'

test.each([
  [`${pod}/p/proxy/a/b?x=1`, 8080],
  [`${pod}/p:9090/proxy/a/b?x=1`, 9090],
  [`${pod}/http:p:9091/proxy/a/b?x=1`, 9091],
  [`${service}/s:web/proxy/a/b?x=1`, 8080],
  [`${service}/s:80/proxy/a/b?x=1`, 8080],
  [`${service}/http:s:web/proxy/a/b?x=1`, 8080],
])('GET %s is answered at port %i', async (path, port) => {
  const answer = await api.ask(`GET ${path}`)
  expect([answer.status, answer.body.url, ports.at(-1)]).toEqual([200, '/a/b?x=1', port])
})

test('Method, body and headers are passed on, credentials are not', async () => {
  const headers = {
    host: 'cluster.example:6443',
    authorization: 'Bearer secret',
    'x-own': 'mine',
    'impersonate-user': 'other',
  }
  const answer = await api.ask(`PUT ${pod}/p/proxy/x`, { a: 1 }, { headers })
  expect(answer.body).toMatchObject({ method: 'PUT', url: '/x', body: '{"a":1}' })
  const seen = answer.body.headers as Record<string, string>
  expect(seen).toMatchObject({
    host: 'cluster.example:6443',
    'x-own': 'mine',
    'x-forwarded-uri': '/api/v1/namespaces/default/pods/p/proxy/x',
  })
  expect([seen.authorization, seen['impersonate-user']]).toEqual([undefined, undefined])
})

test("The kubelet's own server is asked for nodes", async () => {
  for (const name of ['n', 'n:10250', 'https:n:10250']) {
    const answer = await api.ask(`GET /api/v1/nodes/${name}/proxy/metrics`)
    expect([answer.status, answer.body.url]).toEqual([200, '/metrics'])
  }
  expect((await api.ask('GET /api/v1/nodes/n:80/proxy/')).body.message).toBe(
    "port 80 of node n cannot be reached, only the kubelet's own port, 10250",
  )
})

test('Without a path one is sent to the root, with a slash at its end', async () => {
  const answer = await api.ask(`GET ${pod}/p/proxy?x=1`)
  expect([answer.status, answer.headers.location]).toEqual([301, `${pod}/p/proxy/?x=1`])
})

test('Links to the root of the server lead through the proxy', async () => {
  expect((await api.ask(`GET ${pod}/p/proxy/page`)).text).toBe(
    `<a href="${pod}/p/proxy/next">next</a><a href="rel">r</a><img src='${pod}/p/proxy/i.png'>`,
  )
  const moved = await api.ask(`GET ${pod}/p/proxy/moved`)
  expect([moved.status, moved.headers.location]).toEqual([302, `${pod}/p/proxy/there`])
  expect((await api.ask(`GET ${pod}/p/proxy/empty`)).status).toBe(204)
})

test.each([
  [
    `${pod}/p:1/proxy/`,
    503,
    'error trying to reach service: dial tcp 10.244.0.5:1: connect: connection refused',
  ],
  [`${pod}/none/proxy/`, 404, 'pods "none" not found'],
  [`${pod}/ftp:p:1/proxy/`, 400, 'invalid pod request "ftp:p:1"'],
  [`${pod}/p:web/proxy/`, 400, 'invalid port "web"'],
  [`${service}/s:none/proxy/`, 503, 'no endpoints available for service "s:none"'],
  [`${service}/s/proxy/`, 503, 'no endpoints available for service "s"'],
  [`${service}/s:8/proxy/`, 503, 'no service port 8 found for service "s"'],
  [`${service}/a:b:c:d/proxy/`, 400, 'invalid service request "a:b:c:d"'],
  [`/api/v1/nodes/ftp:n:1/proxy/`, 400, 'invalid node request "ftp:n:1"'],
])('GET %s is refused with %i', async (path, status, message) => {
  const answer = await api.ask(`GET ${path}`)
  expect([answer.status, answer.body.message]).toEqual([status, message])
})

test('An upgrade is passed on, and both sides talk', async () => {
  const headers = { connection: 'Upgrade', upgrade: 'echo' }
  const path = `${pod}/p/proxy/ws`
  const socket = await new Promise<Duplex>((resolve, reject) => {
    const sent = sendRequest({ host: 'localhost', port: portOf(http), path, headers })
    sent.once('upgrade', (answer, own) => {
      expect([answer.statusCode, answer.headers.upgrade]).toEqual([101, 'echo'])
      resolve(own)
    })
    sent.once('error', reject).end()
  })
  socket.write('hello')
  expect(String(await new Promise(resolve => socket.once('data', resolve)))).toBe('hello')
  socket.destroy()
})

test.each([
  ['p', { scheme: 'http', name: 'p', port: '' }],
  ['p:80', { scheme: 'http', name: 'p', port: '80' }],
  ['https:p:', { scheme: 'https', name: 'p', port: '' }],
  [':p:x', { scheme: 'http', name: 'p', port: 'x' }],
])('parseProxyName(%j)', (name, expected) => {
  expect(parseProxyName(name, 'pod')).toEqual(expected)
})

test('The ready addresses of every family are candidates, by the name of the port', () => {
  const slice = (addressType: string, address: string, ready = true): EndpointSlice => ({
    metadata: { namespace: 'ns' },
    addressType,
    endpoints: [{ addresses: [address], conditions: { ready }, targetRef: { kind: 'Pod', name: 'p' } }],
    ports: [{ port: 8080 }],
  })
  const slices = [
    slice('IPv4', '10.244.0.5'),
    slice('IPv6', 'fd00::5'),
    slice('IPv6', 'fd00::6', false),
    { ...slice('IPv4', '192.0.2.1'), endpoints: [{ addresses: ['192.0.2.1'] }] },
  ]
  expect(serviceCandidates(slices, '')).toEqual([
    { address: '10.244.0.5', port: 8080, pod: { namespace: 'ns', name: 'p' } },
    { address: 'fd00::5', port: 8080, pod: { namespace: 'ns', name: 'p' } },
    { address: '192.0.2.1', port: 8080 },
  ])
  expect(serviceCandidates(slices, 'other')).toEqual([])
})
