// Keeps the routes to the Pods of other nodes in step with the Node objects. Routes of others are never
// touched: ours carry a routing protocol number of their own.
import type { Node } from '../../api/generated/types.ts'
import { nodes } from '../../api/resources/core/node.ts'
import type { Informer } from '../../client/informer.ts'
import type { Informers } from '../../client/informers.ts'
import type { Clock } from '../../component/clock.ts'
import type { Component } from '../../component/component.ts'
import { type Logger, silentLogger } from '../../component/log.ts'
import { SyncLoop } from '../../component/syncloop.ts'
import type { Exec } from '../../host/exec.ts'
import { listRoutes, type Route, removeRoute, replaceRoutes } from '../../host/route.ts'
import { parseAddress } from '../../ip/address.ts'
import { cidrContains, parseCIDR } from '../../ip/cidr.ts'
import { familyOf } from '../../ip/family.ts'
import { planChanges, planRoutes, routeProtocol } from './plan.ts'

export interface NodeRoutesOptions {
  readonly informers: Informers
  readonly clock: Clock
  readonly log?: Logger
  /** Bound to the node's network namespace. */
  readonly exec: Exec
  /** Its own Pods need no route; empty: not on a node. */
  readonly nodeName: string
  /** Only routes to destinations in these ranges are ours: other clusters on this host have theirs. */
  readonly within?: readonly string[]
  /** Only nodes with addresses in these ranges are neighbours; the default route leads to all others. */
  readonly neighbours?: readonly string[]
}

/** Whether a range or an address is in one of the ranges; without ranges everything is. */
function isIn(ranges: readonly string[] | undefined, text: string): boolean {
  if (!ranges) return true
  const inner = parseCIDR(text)?.base ?? parseAddress(text)?.value
  const family = familyOf(text.split('/')[0]!)
  if (inner === undefined || !family) return false
  return ranges.some(range => {
    const outer = parseCIDR(range)
    return outer !== undefined && cidrContains(outer, { family, value: inner })
  })
}

/** Routes vanish with the links they lead over, which nobody tells. */
const resyncMs = 30_000

export class NodeRoutes implements Component {
  readonly name = 'routes to other nodes'
  readonly #options: NodeRoutesOptions
  readonly #log: Logger
  readonly #nodes: Informer<Node>
  readonly #loop: SyncLoop
  readonly #told = new Set<string>()
  #removeHandlers: () => void = () => undefined

  constructor(options: NodeRoutesOptions) {
    this.#options = options
    this.#log = (options.log ?? silentLogger).child('routes')
    this.#nodes = options.informers.of(nodes)
    this.#loop = new SyncLoop({
      clock: options.clock,
      run: () => this.#sync(),
      onError: error => this.#log.error('cannot set routes', { error: String(error) }),
      resyncMs,
    })
  }

  /** Resolves when there are routes to all nodes known so far. */
  async start(): Promise<void> {
    await this.#options.informers.start()
    await this.#nodes.synced
    const changed = () => this.#loop.request()
    this.#removeHandlers = this.#nodes.addHandlers({
      add: changed,
      delete: changed,
      update: (node, previous) => {
        if (routeFacts(node) !== routeFacts(previous)) changed()
      },
    })
    await this.#loop.start()
  }

  /** Routes stay: Pods go on while a node's process is replaced. */
  async stop(): Promise<void> {
    this.#removeHandlers()
    await this.#loop.stop()
  }

  /** Removes all routes that were made, also by a process before this one. */
  async cleanup(): Promise<void> {
    for (const route of await this.#list()) await removeRoute(this.#options.exec, route)
  }

  async #list(): Promise<Route[]> {
    const { exec, within } = this.#options
    const routes = await listRoutes(exec, routeProtocol)
    return routes.filter(({ destination }) => isIn(within, destination))
  }

  async #sync(): Promise<void> {
    const { exec, nodeName, neighbours } = this.#options
    const { routes: planned, unreachable } = planRoutes(this.#nodes.values(), nodeName)
    this.#tell(unreachable)
    const routes = planned.filter(({ via = '' }) => isIn(neighbours, via))
    const { replace, remove } = planChanges(await this.#list(), routes)
    for (const route of remove) await removeRoute(exec, { ...route, protocol: routeProtocol })
    await this.#replace(replace)
  }

  /** All in one process; when one is refused, the others are made all the same. */
  async #replace(routes: readonly Route[]): Promise<void> {
    const { exec } = this.#options
    try {
      await replaceRoutes(exec, routes)
    } catch {
      const results = await Promise.allSettled(routes.map(route => replaceRoutes(exec, [route])))
      const failed = results.filter(result => result.status === 'rejected')
      if (failed.length > 0) throw failed[0]!.reason
    }
  }

  #tell(unreachable: readonly { readonly node: string; readonly family: string }[]): void {
    for (const { node, family } of unreachable) {
      const key = `${node} ${family}`
      if (this.#told.has(key)) continue
      this.#told.add(key)
      this.#log.warn('a node has Pods of a family, but no InternalIP of it', { node, family })
    }
  }
}

/** What of a Node matters here; its status changes often. */
const routeFacts = ({ spec, status }: Node): string =>
  JSON.stringify([spec?.podCIDRs, status?.addresses?.filter(({ type }) => type === 'InternalIP')])
