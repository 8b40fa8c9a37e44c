// Breaks as tables: each is one fault in a cluster that is whole otherwise, and what is said of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StatusError } from '../../api/status.ts'
import { type Break, findingOf, idsOf, type RunOptions, startVerifiedCluster } from '../cluster.fake.ts'

// biome-ignore lint/suspicious/noExplicitAny: breaks reach into objects of any kind
export type Loose = any

export interface BreakCase {
  readonly name: string
  readonly broken: Break
  /** All that fail, and all that warn: where one fault has two faces, both are named. */
  readonly fails?: readonly string[]
  readonly warns?: readonly string[]
  /** Of the first of these: what a person reads. */
  readonly reads: readonly string[]
}

/** Breaks each in turn: the checks that should say so do, with the remedy, and no others. */
export function describeBreaks(cases: readonly BreakCase[], options: RunOptions = {}): void {
  describe('A dual-stack cluster with', () => {
    let cluster: Awaited<ReturnType<typeof startVerifiedCluster>>
    beforeAll(async () => {
      cluster = await startVerifiedCluster(['IPv4', 'IPv6'])
    })
    afterAll(() => cluster.stop())

    test.each(cases)('$name', async ({ broken, fails = [], warns = [], reads }) => {
      const report = await cluster.run(broken, options)
      expect({ fails: idsOf(report, 'fail'), warns: idsOf(report, 'warn') }).toEqual({ fails, warns })
      const said = findingOf(report, [...fails, ...warns][0]!)
      for (const text of reads) expect(said).toContain(text)
      expect(report.exitCode).toBe(fails.length > 0 ? 1 : 0)
    })
  })
}

export const only = (name: string, change: (object: Loose) => unknown) => (object: Loose) =>
  object.metadata?.name === name ? change(object) : undefined

export const isShop = (object: Loose) => object.metadata?.labels?.app === 'shop'
export const isAgent = (object: Loose) => object.metadata?.labels?.app === 'agent'
export const isV6 = (text: string) => text.includes(':')
export const withoutV6 = (pod: Loose) => {
  pod.status.podIPs = pod.status.podIPs?.filter(({ ip }: Loose) => !isV6(ip))
}
export const internalIPs = (node: Loose, change: (address: string) => string | undefined) => {
  node.status.addresses = node.status.addresses.flatMap((each: Loose) => {
    const address = each.type === 'InternalIP' ? change(each.address) : each.address
    return address === undefined ? [] : [{ ...each, address }]
  })
}
export const policy = (egress: object): Loose => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { podSelector: {}, egress: [egress] },
})
export const managerPod = (...args: string[]): Loose => ({
  metadata: { name: 'kcm', namespace: 'kube-system', labels: { component: 'kube-controller-manager' } },
  spec: { containers: [{ name: 'c', command: ['kube-controller-manager', ...args] }] },
})
export const serviceCIDR = (name: string, ...cidrs: string[]): Loose => ({
  metadata: { name },
  spec: { cidrs },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
})
export const isPlain = ({ spec }: Loose) => !spec.ipFamilies && spec.selector && spec.type !== 'LoadBalancer'
export const refuse = (message: string) => {
  throw new StatusError({ code: 403, reason: 'Forbidden', message })
}
export const denied = 'admission webhook "families.example" denied the request'
