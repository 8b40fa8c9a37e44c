// Several API servers over one store, each of which hears of the others' writes late: no address and no
// node port may be given out twice, none may be lost.
import { afterEach, expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../../api/generated/types.ts'
import { familyOrders, type IPFamilies } from '../../ip/family.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import { LaggingStore } from '../../storage/store.fake.ts'
import { openTestServer } from '../apiserver.fake.ts'
import { ipAddressPrefix, nodePortPrefix } from './keys.ts'

const ranges = { IPv4: '10.96.0.0/24', IPv6: 'fd00:10:96::/120' }
const path = '/api/v1/namespaces/default/services'
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function openServers(families: IPFamilies, count = 3) {
  const store = openMemoryStore()
  const open = () =>
    openTestServer({
      store: new LaggingStore(store),
      serviceClusterIPRanges: families.map(family => ranges[family]),
    })
  const servers = await Promise.all(Array.from({ length: count }, open))
  closers.push(...servers.map(({ close }) => close))
  const keys = async (prefix: string) =>
    (await store.list({ prefix })).entries.map(({ key }) => key.slice(prefix.length)).sort()
  return { servers, keys }
}

const nodePort: ServiceSpec = { type: 'NodePort', ports: [{ port: 80 }], ipFamilyPolicy: 'PreferDualStack' }
const specOf = (body: object) => (body as Service).spec!

test.each(familyOrders.map(families => [families]))(
  'Services that are made on all servers at once share nothing: %s',
  async families => {
    const { servers, keys } = await openServers(families)
    const answers = await Promise.all(
      servers.flatMap(({ ask }, index) =>
        Array.from({ length: 25 }, (_, number) =>
          ask(`POST ${path}`, { metadata: { name: `s${index}-${number}` }, spec: nodePort }),
        ),
      ),
    )
    expect(answers.filter(({ status }) => status !== 201).map(({ text }) => text)).toEqual([])
    const addresses = answers.flatMap(({ body }) => specOf(body).clusterIPs ?? [])
    expect(new Set(addresses).size).toBe(75 * families.length)
    const ports = answers.map(({ body }) => specOf(body).ports![0]!.nodePort)
    expect(new Set(ports).size).toBe(75)
    expect(await keys(nodePortPrefix)).toEqual(ports.map(String).sort())
    expect((await keys(ipAddressPrefix)).length).toBe(75 * families.length + 1)
  },
)

test('What is asked for by name is given to one, and the others are told that it is taken', async () => {
  const { servers } = await openServers(['IPv6', 'IPv4'])
  const answers = await Promise.all(
    servers.map(({ ask }, index) =>
      ask(`POST ${path}`, {
        metadata: { name: `s${index}` },
        spec: { ...nodePort, clusterIP: 'fd00:10:96::5' },
      }),
    ),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422])
  for (const { status, body } of answers) {
    if (status === 422) expect(body.message).toContain('fd00:10:96::5: provided IP is already allocated')
  }
})

test('A Service that another server has just made gives everything back when it is deleted', async () => {
  const { servers, keys } = await openServers(['IPv4', 'IPv6'], 2)
  const [near, far] = servers
  for (let number = 0; number < 20; number++) {
    await near!.ask(`POST ${path}`, { metadata: { name: `s${number}` }, spec: nodePort })
    const { status } = await far!.ask(`DELETE ${path}/s${number}`)
    expect(status).toBe(200)
  }
  expect(await keys(ipAddressPrefix)).toEqual(['10.96.0.1'])
  expect(await keys(nodePortPrefix)).toEqual([])
})
