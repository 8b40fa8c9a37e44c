// The component over a real API server, with nftables in memory.
import { afterEach, describe, expect, test } from 'vitest'
import { namespaces } from '../../api/resources/core/namespace.ts'
import { pods } from '../../api/resources/core/pod.ts'
import { serviceAccounts } from '../../api/resources/core/serviceaccount.ts'
import { networkPolicies } from '../../api/resources/networking.k8s.io/networkpolicy.ts'
import { admin, openTestServer } from '../../apiserver/apiserver.fake.ts'
import { Client } from '../../client/client.ts'
import { Informers } from '../../client/informers.ts'
import { FakeNft } from '../nftables/nft.fake.ts'
import { policy } from './policies.fake.ts'
import { NetworkPolicies } from './policy.ts'
import { policyTable } from './table.ts'

let clean: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const one of clean.splice(0).reverse()) await one()
  clean = []
})

describe('the component', () => {
  async function start() {
    const { server, clock } = await openTestServer()
    const client = new Client(server.transport(admin))
    const informers = new Informers({ client, clock })
    const nft = new FakeNft()
    const component = new NetworkPolicies({
      informers,
      clock,
      nft,
      nodeName: 'node1',
      dnsAddresses: ['172.30.0.254'],
    })
    clean.push(
      () => server.close(),
      () => informers.stop(),
      () => component.stop(),
    )
    await client.create(namespaces, { metadata: { name: 'shop' } })
    await client.create(serviceAccounts, { metadata: { name: 'default', namespace: 'shop' } })
    const settle = async (passMs = 20) => {
      for (let turn = 0; turn < 30; turn++) await new Promise(resolve => setImmediate(resolve))
      await clock.advance(passMs)
      for (let turn = 0; turn < 30; turn++) await new Promise(resolve => setImmediate(resolve))
    }
    const addPod = async (name: string, ip: string) => {
      const object = {
        metadata: { name, namespace: 'shop', labels: { app: name } },
        spec: { nodeName: 'node1', containers: [{ name: 'c', image: 'i' }] },
      }
      const created = await client.create(pods, object)
      await client.updateStatus(pods, { ...created, status: { phase: 'Running', podIPs: [{ ip }] } })
      await settle()
    }
    await component.start()
    return { client, nft, component, informers, settle, addPod }
  }

  test('Pods are watched from the first policy on, and follow it', async () => {
    const { client, nft, informers, settle, addPod } = await start()
    await addPod('db', '10.244.1.5')
    expect(informers.peek(pods)).toBeUndefined()
    await client.create(networkPolicies, policy('db', { ingress: [{ from: [{ podSelector: {} }] }] }))
    await settle()
    const guarded = () => nft.elements(policyTable, 'ingress-pods-IPv4').map(text => text.split(' ')[0])
    expect(guarded()).toEqual(['10.244.1.5'])
    await client.delete(pods, { namespace: 'shop', name: 'db' }, { gracePeriodSeconds: 0 })
    await settle()
    expect(guarded()).toEqual([])
  })

  test('a table that somebody flushed is made anew', async () => {
    const { nft, settle } = await start()
    nft.tables.clear()
    await settle(61_000)
    expect([...nft.tables.keys()]).toEqual(['inet futago-policy'])
  })

  test('a transaction that is refused is followed by a fresh start', async () => {
    const { client, nft, settle, component } = await start()
    nft.failNext = new Error('busy')
    expect(component.isCurrent).toBe(true)
    await client.create(networkPolicies, policy('db', {}))
    await settle()
    expect(component.isCurrent).toBe(false)
    await settle(300)
    expect(component.isCurrent).toBe(true)
    expect(nft.ran.at(-1)).toContain('delete table inet futago-policy\nadd table inet futago-policy\n')
  })

  test('the DNS server is the Pod that policies know it by', async () => {
    const { client, nft, settle, addPod } = await start()
    await addPod('db', '10.244.1.5')
    const to = [
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
        podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
      },
    ]
    await client.create(networkPolicies, policy('db', { policyTypes: ['Egress'], egress: [{ to }] }))
    await settle()
    const [set] = [...nft.tables.get('inet futago-policy')!.collections.keys()].filter(name =>
      /^pods-.*IPv4/.test(name),
    )
    expect(nft.elements(policyTable, set!)).toEqual(['172.30.0.254'])
  })

  test('the removal leaves nothing', async () => {
    const { nft, component } = await start()
    await component.stop()
    await component.cleanup()
    expect([...nft.tables.keys()]).toEqual([])
  })
})
