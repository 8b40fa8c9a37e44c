// The ways of a node that has joined from another machine: everything of the cluster that is not its own is
// behind the cluster's machine.
import type { Component } from '../../component/component.ts'
import type { Exec } from '../../host/exec.ts'
import { type Route, removeRoute, replaceRoutes } from '../../host/route.ts'
import { routeProtocol } from '../../network/routes/plan.ts'
import type { NodeConfig } from './nodeconfig.ts'

type Config = Pick<NodeConfig, 'gateways' | 'clusterCIDR' | 'nodeIPRange'>

export const planGatewayRoutes = ({ gateways, clusterCIDR, nodeIPRange }: Config): Route[] =>
  gateways.flatMap((via, index) =>
    [nodeIPRange[index]!, clusterCIDR[index]!].map(destination => ({
      destination,
      via,
      protocol: routeProtocol,
    })),
  )

export class GatewayRoutes implements Component {
  readonly name = 'routes to the cluster'
  readonly #exec: Exec
  readonly #routes: readonly Route[]

  constructor(exec: Exec, config: Config) {
    this.#exec = exec
    this.#routes = planGatewayRoutes(config)
  }

  async start(): Promise<void> {
    await replaceRoutes(this.#exec, this.#routes)
  }

  /** They stay: Pods go on while a node's process is replaced. */
  async stop(): Promise<void> {}

  async cleanup(): Promise<void> {
    for (const route of this.#routes) await removeRoute(this.#exec, route)
  }
}
