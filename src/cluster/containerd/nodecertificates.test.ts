import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { selfSubjectReviews } from '../../api/resources/authentication.k8s.io/selfsubjectreview.ts'
import { nodes } from '../../api/resources/core/node.ts'
import { openTestServer } from '../../apiserver/apiserver.fake.ts'
import { Client } from '../../client/client.ts'
import { systemClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import { certificateApprovingController } from '../../controllers/certificateapproving.ts'
import { certificateSigningController } from '../../controllers/certificatesigning.ts'
import { ControllerManager } from '../../controllers/manager.ts'
import { familyOrders, loopbackAddress } from '../../ip/family.ts'
import { joinHostPort } from '../../ip/hostport.ts'
import { createAuthority, issueCertificate } from '../../x509/certificates.ts'
import { createBootstrapToken } from './bootstraptoken.ts'
import { openNodeTransport, servingCertificates } from './nodecertificates.ts'
import type { NodeConfig } from './nodeconfig.ts'

const nowMs = Date.now()
const validity = { notBeforeMs: nowMs - 3_600_000, notAfterMs: nowMs + 3_600_000 }
const authority = createAuthority('test', validity)
const reserved = { dnsNames: ['localhost'], ipAddresses: [] }

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

let admin: Client
let port: number
let directory: string

beforeEach(async () => {
  const clock = systemClock
  const { server, close } = await openTestServer({ clock, rbac: true, nodeAuthorizer: true })
  const serving = issueCertificate(authority, {
    commonName: 'x',
    dnsNames: ['localhost'],
    usages: ['server'],
    ...validity,
  })
  const bindAddress = loopbackAddress.IPv4
  ;({ port } = await server.listen({ bindAddress, port: 0, ...serving, clientCA: authority.certificate }))
  admin = new Client(server.transport({ name: 'admin', groups: ['system:masters'] }))
  const controllers = [
    certificateSigningController({ authority }),
    certificateApprovingController({ reserved: () => reserved }),
  ]
  const manager = new ControllerManager({ client: admin, clock, controllers })
  await manager.start()
  directory = mkdtempSync(join(tmpdir(), 'futago-nodecertificates-'))
  cleanups.push(
    () => rmSync(directory, { recursive: true, force: true }),
    close,
    () => manager.stop(),
  )
})

const optionsFor = (addresses: readonly string[] = []) => ({
  config: { name: 'far', addresses, directory, clientCA: authority.certificate } as unknown as NodeConfig,
  clock: systemClock,
  log: silentLogger,
})

async function open(token: string) {
  const kubeconfig = {
    server: `https://${joinHostPort(loopbackAddress.IPv4, port)}`,
    ca: authority.certificate,
    tlsServerName: 'localhost',
    namespace: 'default',
    token,
  }
  const { transport, certificates } = await openNodeTransport(optionsFor(), kubeconfig, {})
  cleanups.push(
    () => transport.close(),
    () => certificates.stop(),
  )
  return { client: new Client(transport), certificates }
}

test('A node that comes with a token is itself from then on, also without the token', async () => {
  const { client } = await open(await createBootstrapToken(admin, { node: 'far', nowMs }))
  const whoIs = async (of: Client) => (await of.create(selfSubjectReviews, { metadata: {} })).status?.userInfo
  expect(await whoIs(client)).toMatchObject({
    username: 'system:node:far',
    groups: ['system:nodes', 'system:authenticated'],
  })
  const later = await open('zzzzzz.0000000000000000')
  expect(await whoIs(later.client)).toMatchObject({ username: 'system:node:far' })
})

test('A token that the cluster does not know, or that has ended, is said to be so', async () => {
  const why = 'the cluster does not know the token of the invitation (any more)'
  await expect(open('zzzzzz.0000000000000000')).rejects.toThrow(why)
  const ended = await createBootstrapToken(admin, { node: 'far', nowMs: nowMs - 3_600_000 })
  await expect(open(ended)).rejects.toThrow(why)
})

test.each(familyOrders.map(order => [order]))(
  'A node of %j gets a serving certificate once its Node has its addresses',
  async order => {
    const { client } = await open(await createBootstrapToken(admin, { node: 'far', nowMs }))
    const addresses = order.map(family => ({ IPv4: '192.0.2.9', IPv6: '2001:db8::9' })[family])
    const status = { addresses: addresses.map(address => ({ type: 'InternalIP', address })) }
    await client.create(nodes, { metadata: { name: 'far' }, status })
    const told: string[] = []
    const serving = servingCertificates(optionsFor(addresses), client, ({ certificate }) => {
      told.push(certificate)
    })
    cleanups.push(() => serving.stop())
    await serving.start()
    await serving.obtained
    const certificate = new X509Certificate(serving.current!.certificate)
    for (const address of addresses) expect(certificate.checkIP(address)).toBe(address)
    expect(told).toEqual([serving.current!.certificate])
  },
)
