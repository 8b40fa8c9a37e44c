// How a kubeconfig becomes a connection, against a real TLS server: certificates, names, credentials,
// impersonation, exec plugins and proxies.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer as createHTTPServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { afterEach, describe, expect, test } from 'vitest'
import { familyOf, loopbackAddress } from '../ip/family.ts'
import { splitHostPort } from '../ip/hostport.ts'
import { inClusterConfig } from './incluster.ts'
import { clientConfig, type KubeconfigCluster, type KubeconfigUser, parseKubeconfig } from './kubeconfig.ts'
import { proxyFromEnvironment } from './proxy.ts'
import { clientCertificate, type Seen, startTLSServer, type TLSServer } from './tlsserver.fake.ts'
import { type HTTPSTransportOptions, httpsTransport } from './transport.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function start(options?: Parameters<typeof startTLSServer>[0]): Promise<TLSServer> {
  const server = await startTLSServer(options)
  closing.push(() => server.close())
  return server
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
const trusting = (server: TLSServer): KubeconfigCluster => ({
  server: server.url,
  'certificate-authority-data': base64(server.ca),
})

/** What the server sees of one request. */
async function ask(
  cluster: KubeconfigCluster,
  user: KubeconfigUser = {},
  options: HTTPSTransportOptions = {},
): Promise<Seen> {
  const config = await clientConfig({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })
  const transport = httpsTransport(config, options)
  closing.push(() => transport.close())
  const { body } = await transport.request<Seen>({ method: 'GET', path: '/api', query: { a: 'b' } })
  return body
}

describe('TLS', () => {
  test('An authority that is not trusted is refused, unless told not to look', async () => {
    const server = await start()
    await expect(ask({ server: server.url })).rejects.toThrow(/certificate/)
    expect((await ask({ server: server.url, 'insecure-skip-tls-verify': true })).url).toBe('/api?a=b')
    expect((await ask(trusting(server))).url).toBe('/api?a=b')
  })

  test('tls-server-name is what is sent and what the certificate is checked against', async () => {
    const server = await start({ dnsNames: ['kubernetes.example'], ipAddresses: [] })
    await expect(ask(trusting(server))).rejects.toThrow(/altnames/)
    const seen = await ask({ ...trusting(server), 'tls-server-name': 'kubernetes.example' })
    expect(seen.servername).toBe('kubernetes.example')
    const wrong = { ...trusting(server), 'tls-server-name': 'other.example' }
    await expect(ask(wrong)).rejects.toThrow(/altnames/)
  })

  test('A client certificate is shown, from data or from files beside the kubeconfig', async () => {
    const server = await start()
    const { certificate, key } = clientCertificate('mia')
    const data = { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) }
    expect((await ask(trusting(server), data)).commonName).toBe('mia')
    const directory = await mkdtemp(join(tmpdir(), 'client-'))
    await writeFile(join(directory, 'mia.crt'), certificate)
    await writeFile(join(directory, 'mia.key'), key)
    await writeFile(join(directory, 'ca.crt'), server.ca)
    const text = JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority': 'ca.crt' } }],
      users: [{ name: 'u', user: { 'client-certificate': 'mia.crt', 'client-key': 'mia.key' } }],
    })
    const { clusters, users } = await parseKubeconfig(text, directory)
    expect((await ask(clusters[0]!.cluster, users[0]!.user)).commonName).toBe('mia')
  })

  test('A client certificate that is replaced is shown from the next request on', async () => {
    const server = await start()
    let current = clientCertificate('old')
    const config = { server: server.url, ca: server.ca, namespace: 'default' }
    const transport = httpsTransport(config, { certificate: () => current })
    closing.push(() => transport.close())
    const seenAs = async () =>
      (await transport.request<Seen>({ method: 'GET', path: '/api' })).body.commonName
    expect(await seenAs()).toBe('old')
    current = clientCertificate('new')
    expect(await seenAs()).toBe('new')
  })
})

describe('credentials', () => {
  test('Tokens, passwords and impersonation become headers', async () => {
    const server = await start()
    const headers = async (user: KubeconfigUser) => (await ask(trusting(server), user)).headers
    expect((await headers({ token: 't' })).authorization).toBe('Bearer t')
    expect((await headers({ username: 'u', password: 'p' })).authorization).toBe('Basic dTpw')
    const as = {
      as: 'jane',
      'as-uid': '7',
      'as-groups': ['dev', 'ops'],
      'as-user-extra': { 'Acme.com/Project': ['a', 'b'] },
    }
    expect(await headers(as)).toMatchObject({
      'impersonate-user': 'jane',
      'impersonate-uid': '7',
      'impersonate-group': 'dev, ops',
      'impersonate-extra-acme.com%2fproject': 'a, b',
    })
    await expect(headers({ 'as-groups': ['dev'] })).rejects.toThrow('expected a user (as)')
  })

  test('A token file that was replaced is read again when the server refuses the old one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'token-'))
    const tokenFile = join(directory, 'token')
    await writeFile(tokenFile, 'old')
    const server = await start({
      answer(_, response, seen) {
        const isNew = seen.headers.authorization === 'Bearer new'
        response.writeHead(isNew ? 200 : 401, { 'content-type': 'application/json' }).end('{}')
        if (!isNew) void writeFile(tokenFile, 'new')
      },
    })
    await expect(ask(trusting(server), { tokenFile: join(directory, 'none') })).rejects.toThrow('ENOENT')
    await ask(trusting(server), { tokenFile }).catch(() => undefined)
    await expect(ask(trusting(server), { tokenFile })).resolves.toEqual({})
  })

  test('The service account of a Pod is used inside of a cluster', async () => {
    const server = await start()
    const directory = await mkdtemp(join(tmpdir(), 'serviceaccount-'))
    const environment = {
      KUBERNETES_SERVICE_HOST: loopbackAddress.IPv4,
      KUBERNETES_SERVICE_PORT: `${server.port}`,
    }
    expect(await inClusterConfig(environment, directory)).toBeUndefined()
    await writeFile(join(directory, 'token'), 'mounted\n')
    await writeFile(join(directory, 'ca.crt'), server.ca)
    await writeFile(join(directory, 'namespace'), 'mine\n')
    expect(await inClusterConfig({}, directory)).toBeUndefined()
    const config = (await inClusterConfig(environment, directory))!
    expect(config.namespace).toBe('mine')
    const transport = httpsTransport(config)
    closing.push(() => transport.close())
    const { body } = await transport.request<Seen>({ method: 'GET', path: '/' })
    expect(body.headers.authorization).toBe('Bearer mounted')
    const v6 = { ...environment, KUBERNETES_SERVICE_HOST: 'fd00::1' }
    expect((await inClusterConfig(v6, directory))!.server).toBe(`https://[fd00::1]:${server.port}`)
  })
})

/** A plugin that prints `status`, and the info it got as the token when the status has none. */
const plugin = (status: string, more: object = {}) => ({
  apiVersion: 'client.authentication.k8s.io/v1',
  command: execPath,
  args: [
    '-e',
    `const info = process.env.KUBERNETES_EXEC_INFO, { apiVersion } = JSON.parse(info);
     console.log(JSON.stringify({ apiVersion, kind: 'ExecCredential', status: ${status} }))`,
  ],
  ...more,
})

describe('exec plugins', () => {
  const infoAsToken = '{ token: Buffer.from(info).toString("base64") }'
  const infoOf = (seen: Seen) =>
    JSON.parse(Buffer.from(seen.headers.authorization!.slice('Bearer '.length), 'base64').toString())

  test.each(['v1', 'v1beta1'])('%s: the plugin is told the cluster when it asks to be', async version => {
    const server = await start()
    const apiVersion = `client.authentication.k8s.io/${version}`
    const extension = { name: 'client.authentication.k8s.io/exec', extension: { audience: 'me' } }
    const cluster = { ...trusting(server), extensions: [extension] }
    const spec = async (more: object) =>
      infoOf(await ask(cluster, { exec: plugin(infoAsToken, { apiVersion, ...more }) })).spec
    expect(await spec({})).toEqual({ interactive: false })
    expect(await spec({ provideClusterInfo: true })).toEqual({
      interactive: false,
      cluster: {
        server: server.url,
        'certificate-authority-data': base64(server.ca),
        config: { audience: 'me' },
      },
    })
  })

  test('Its client certificate is used', async () => {
    const server = await start()
    const { certificate, key } = clientCertificate('plugin')
    const status = JSON.stringify({ clientCertificateData: certificate, clientKeyData: key })
    expect((await ask(trusting(server), { exec: plugin(status) })).commonName).toBe('plugin')
  })

  test('It gets its own variables beside the environment, and is asked again when refused', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'plugin-'))
    const count = join(directory, 'count')
    await writeFile(count, '')
    const status = `(require('fs').appendFileSync(process.env.COUNT, 'x'),
      { token: process.env.A + process.env.B + require('fs').readFileSync(process.env.COUNT) })`
    const server = await start({
      answer(_, response, seen) {
        const isSecond = seen.headers.authorization === 'Bearer 12xx'
        response.writeHead(isSecond ? 200 : 401, { 'content-type': 'application/json' })
        response.end(JSON.stringify(seen))
      },
    })
    const env = [
      { name: 'B', value: '2' },
      { name: 'COUNT', value: count },
    ]
    const seen = await ask(
      trusting(server),
      { exec: plugin(status, { env }) },
      { environment: { A: '1', B: '9' } },
    )
    expect(seen.headers.authorization).toBe('Bearer 12xx')
    expect(await readFile(count, 'utf8')).toBe('xx')
  })

  test.each([
    [plugin('{}'), 'it printed no credentials'],
    [plugin('{}', { apiVersion: 'client.authentication.k8s.io/v1alpha1' }), 'expected client.authentication'],
    [plugin('{}', { interactiveMode: 'Always' }), 'expected a terminal as standard input'],
    [plugin('{}', { command: 'futago-no-such-plugin', installHint: 'Get it.' }), 'no such command\nGet it.'],
    [plugin('{}', { args: ['-e', 'process.exit(3)'] }), 'it ended with exit code 3'],
    [plugin('{}', { args: ['-e', 'console.log(1, 2)'] }), 'it printed no JSON'],
    [plugin('{}', { args: ['-e', 'console.log(null)'] }), 'it printed no object'],
    [plugin('{}', { args: ['-e', 'console.log("{}")'] }), 'it printed an object without kind and apiVersion'],
  ])('What is wrong with it is said: %#', async (exec, message) => {
    const server = await start()
    await expect(ask(trusting(server), { exec } as KubeconfigUser)).rejects.toThrow(message)
  })
})

const listening = async (server: Server | ReturnType<typeof createServer>) => {
  await new Promise<void>(resolve => server.listen(0, loopbackAddress.IPv4, resolve))
  closing.push(() => server.close())
  return (server.address() as AddressInfo).port
}

const joinSockets = (a: Socket, b: Socket) => {
  a.pipe(b).pipe(a)
  for (const socket of [a, b]) socket.on('error', () => undefined)
}

/** Asks for user:secret; returns where it was asked to go. */
async function startHTTPProxy() {
  const asked: string[] = []
  const proxy = createHTTPServer()
  proxy.on('connect', (request, socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
    const { host, port } = splitHostPort(request.url ?? '')!
    const onwards = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      joinSockets(socket as Socket, onwards)
    })
  })
  return { port: await listening(proxy), asked }
}

async function startSocksProxy() {
  const asked: string[] = []
  const proxy = createServer(socket => {
    const steps = [
      () => socket.write(Buffer.from([5, 2])),
      (data: Buffer) => {
        asked.push(data.subarray(2, 2 + data[1]!).toString())
        socket.write(Buffer.from([1, 0]))
      },
      (data: Buffer) => {
        const host =
          data[3] === 1 ? [...data.subarray(4, 8)].join('.') : data.subarray(5, 5 + data[4]!).toString()
        const port = data.readUInt16BE(data.length - 2)
        asked.push(`${host} ${port}`)
        const onwards = connect(port, host, () => {
          socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
          joinSockets(socket, onwards)
        })
      },
    ]
    const next = (data: Buffer) => {
      const step = steps.shift()
      if (steps.length === 0) socket.off('data', next)
      step?.(data)
    }
    socket.on('data', next)
  })
  return { port: await listening(proxy), asked }
}

describe('proxies', () => {
  test('proxy-url leads through an HTTP proxy, with its user and password', async () => {
    const server = await start()
    const { port, asked } = await startHTTPProxy()
    const proxy = new URL(`http://user:s%40@${loopbackAddress.IPv4}`)
    proxy.port = `${port}`
    await ask({ ...trusting(server), 'proxy-url': proxy.href })
    expect(asked).toEqual([`${new URL(server.url).host} Basic ${base64('user:s@')}`])
  })

  test('A proxy that says no is named', async () => {
    const server = await start()
    const proxy = createHTTPServer()
    proxy.on('connect', (_, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'))
    const url = new URL(`http://${loopbackAddress.IPv4}`)
    url.port = `${await listening(proxy)}`
    const asking = ask({ ...trusting(server), 'proxy-url': url.href })
    await expect(asking).rejects.toThrow(`the proxy ${url.host} answered 407 Proxy Authentication Required`)
  })

  test('socks5 is spoken, with addresses and with names', async () => {
    const server = await start()
    const { port, asked } = await startSocksProxy()
    const proxy = `socks5://me:pw@${new URL(`http://${loopbackAddress.IPv4}:${port}`).host}`
    await ask({ ...trusting(server), 'proxy-url': proxy })
    const named = server.url.replace(loopbackAddress.IPv4, 'localhost')
    await ask({ ...trusting(server), server: named, 'proxy-url': proxy })
    expect(asked).toEqual(['me', `${loopbackAddress.IPv4} ${server.port}`, 'me', `localhost ${server.port}`])
    expect(familyOf(loopbackAddress.IPv4)).toBe('IPv4')
  })

  test.each([
    ['https://api.example:6443', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
    ['https://api.example:6443', { https_proxy: 'p:1' }, 'http://p:1'],
    ['http://api.example', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['https://localhost:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['https://[::1]:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['https://api.example:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example' }, undefined],
    ['https://api.example:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '.example' }, undefined],
    ['https://api.example:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'xample' }, 'http://p:1'],
    ['https://api.example:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'api.example:443' }, 'http://p:1'],
    ['https://api.example:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a, *' }, undefined],
    ['https://10.1.2.3:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8' }, undefined],
    ['https://[fd00::7]:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'fd00::/8' }, undefined],
    ['https://[fd00::7]:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'fd00::8' }, 'http://p:1'],
  ])('%s with %o goes through %s', (server, environment, proxy) => {
    expect(proxyFromEnvironment(new URL(server), environment)).toBe(proxy)
  })
})
