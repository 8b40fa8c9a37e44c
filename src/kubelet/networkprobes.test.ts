import { createServer as createHTTP, type RequestListener } from 'node:http'
import { createServer as createHTTP2, createSecureServer } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { reservePort } from '../../test/ports.ts'
import { FakeClock } from '../component/clock.ts'
import { loopbackAddress } from '../ip/family.ts'
import { createAuthority, issueCertificate } from '../x509/certificates.ts'
import { NetworkProbes } from './networkprobes.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listen(server: unknown, host = 'localhost'): Promise<number> {
  const own = server as Server
  servers.push(own)
  await new Promise<void>(resolve => own.listen(0, host, resolve))
  return (own.address() as AddressInfo).port
}

const clock = new FakeClock()
const probes = new NetworkProbes(clock)
const target = (port: number, host = 'localhost') => ({
  host,
  ports: new Map([['web', port]]),
  timeoutMs: 1000,
})
const serve = (listener: RequestListener, host?: string) => listen(createHTTP(listener), host)

test.each(Object.values(loopbackAddress))('At %s somebody is found over HTTP and TCP', async host => {
  const port = await serve((_request, response) => void response.end('fine'), host)
  expect(await probes.http({ port: 'web' }, target(port, host))).toEqual({
    outcome: 'success',
    output: 'fine',
  })
  expect(await probes.tcp({ port: 'web' }, target(port, host))).toEqual({ outcome: 'success', output: '' })
})

test.each([
  [200, 'success', 'body'],
  [399, 'success', 'body'],
  [400, 'failure', 'HTTP probe failed with statuscode: 400'],
  [503, 'failure', 'HTTP probe failed with statuscode: 503'],
])('Status %i is a %s', async (status, outcome, output) => {
  const port = await serve((_request, response) => void response.writeHead(status).end('body'))
  expect(await probes.http({ port }, target(port))).toEqual({ outcome, output })
})

test('A probe says who it is and sends the headers it is given', async () => {
  let seen: object = {}
  const port = await serve((request, response) => {
    seen = { ...request.headers, url: request.url }
    response.end()
  })
  await probes.http({ port, path: '/healthz?full' }, target(port))
  expect(seen).toMatchObject({ 'user-agent': 'kube-probe/1.36', accept: '*/*', url: '/healthz?full' })
  const httpHeaders = [
    { name: 'Host', value: 'example.com' },
    { name: 'X-Twice', value: 'a' },
    { name: 'X-Twice', value: 'b' },
    { name: 'Accept', value: '' },
  ]
  await probes.http({ port, httpHeaders }, target(port))
  expect(seen).toMatchObject({ host: 'example.com', 'x-twice': 'a, b' })
  expect(seen).not.toHaveProperty('accept')
})

test('Redirects are followed on the same host; to another one they are a warning', async () => {
  const port = await serve((request, response) => {
    if (request.url === '/there') return void response.end('there')
    const location =
      request.url === '/out' ? 'http://elsewhere.invalid/' : request.url === '/' ? '/there' : '/loop'
    response.writeHead(302, { location }).end()
  })
  expect(await probes.http({ port }, target(port))).toEqual({ outcome: 'success', output: 'there' })
  expect((await probes.http({ port, path: '/out' }, target(port))).outcome).toBe('warning')
  expect(await probes.http({ port, path: '/loop' }, target(port))).toEqual({
    outcome: 'failure',
    output: `Get "http://localhost:${port}/loop": stopped after 10 redirects`,
  })
})

test('HTTPS asks whether somebody is there, not who', async () => {
  const validity = { notBeforeMs: 0, notAfterMs: 4_000_000_000_000 }
  const authority = createAuthority('unknown', validity)
  const { certificate: cert, key } = issueCertificate(authority, {
    commonName: 'x',
    usages: ['server'],
    ...validity,
  })
  const server = createSecureServer(
    { cert, key, allowHTTP1: true },
    (_request, response) => void response.end(),
  )
  const port = await listen(server)
  expect((await probes.http({ port, scheme: 'HTTPS' }, target(port))).outcome).toBe('success')
})

test.each(Object.values(loopbackAddress))('Who refuses at %s is named as Go names it', async host => {
  const port = await reservePort()
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const why = `dial tcp ${where}: connect: connection refused`
  expect(await probes.tcp({ port }, target(port, host))).toEqual({ outcome: 'failure', output: why })
  expect(await probes.http({ port }, target(port, host))).toEqual({
    outcome: 'failure',
    output: `Get "http://${where}/": ${why}`,
  })
  expect(await probes.grpc({ port }, target(port, host))).toEqual({
    outcome: 'failure',
    output: `error: failed to connect service "${where}": ${why}`,
  })
})

test('Who says nothing in time has failed', async () => {
  let asked = () => undefined as unknown
  const isAsked = new Promise<void>(resolve => {
    asked = resolve
  })
  const port = await serve(() => void asked())
  const result = probes.http({ port }, target(port))
  await isAsked
  await clock.advance(1000)
  expect(await result).toEqual({
    outcome: 'failure',
    output: `Get "http://localhost:${port}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
  })
})

test('A port without a number is an error, not an answer', async () => {
  await expect(probes.http({ port: 'other' }, target(1))).rejects.toThrow("couldn't find port: other")
  await expect(probes.tcp({ port: 0 }, target(1))).rejects.toThrow("couldn't find port: 0")
})

/** A health service that answers with this state and gRPC status. */
async function health(state: number, status = '0'): Promise<number> {
  const server = createHTTP2()
  server.on('stream', stream => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }))
    stream.resume().on('end', () => stream.end(status === '0' ? Buffer.from([0, 0, 0, 0, 2, 8, state]) : ''))
  })
  return listen(server)
}

test.each([
  [1, '0', 'success', ''],
  [2, '0', 'failure', 'service unhealthy (responded with "NOT_SERVING")'],
  [
    1,
    '12',
    'failure',
    'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)',
  ],
  [1, '7', 'failure', 'error: health rpc probe failed: rpc error: code = PermissionDenied desc = '],
])('A gRPC health service in state %i with status %s: %s', async (state, status, outcome, output) => {
  const port = await health(state, status)
  expect(await probes.grpc({ port, service: 's' }, target(port))).toEqual({ outcome, output })
})
