// Answers load balancers that ask whether this node has endpoints of a Service with externalTrafficPolicy
// Local (its healthCheckNodePort). Each family has its own listener, which counts its own endpoints: with
// one for both, the two would fight for the port (kubernetes/kubernetes#114702). Answers are those of
// kube-proxy.
import { createServer, type Server } from 'node:http'
import type { Logger } from '../../component/log.ts'
import { type IPFamilies, type IPFamily, unspecifiedAddress } from '../../ip/family.ts'
import type { HealthCheck } from './serviceplan.ts'

export interface HealthAnswer {
  readonly status: number
  readonly body: string
  readonly localEndpoints: number
}

export function healthAnswer(
  { namespace, name, localEndpoints }: HealthCheck,
  family: IPFamily,
): HealthAnswer {
  const count = localEndpoints[family] ?? 0
  const body = JSON.stringify({
    service: { namespace, name },
    localEndpoints: count,
    serviceProxyHealthy: true,
  })
  return { status: count > 0 ? 200 : 503, body: `${body}\n`, localEndpoints: count }
}

interface Listening {
  check: HealthCheck
  readonly servers: readonly Server[]
}

export interface HealthCheckOptions {
  readonly families: IPFamilies
  readonly log: Logger
}

export class HealthCheckServers {
  readonly #options: HealthCheckOptions
  readonly #listening = new Map<number, Listening>()

  constructor(options: HealthCheckOptions) {
    this.#options = options
  }

  /** Listens for these checks and for no others. */
  async update(checks: readonly HealthCheck[]): Promise<void> {
    const wanted = new Map(checks.map(check => [check.port, check]))
    for (const port of [...this.#listening.keys()]) if (!wanted.has(port)) await this.#close(port)
    for (const check of wanted.values()) {
      const known = this.#listening.get(check.port)
      if (known) known.check = check
      else await this.#open(check)
    }
  }

  async stop(): Promise<void> {
    await this.update([])
  }

  async #open(check: HealthCheck): Promise<void> {
    const listening: Listening = {
      check,
      servers: this.#options.families.map(family => this.#serve(family, () => listening.check)),
    }
    this.#listening.set(check.port, listening)
    await Promise.all(
      listening.servers.map((server, index) => this.#listen(server, this.#options.families[index]!, check)),
    )
  }

  #serve(family: IPFamily, check: () => HealthCheck): Server {
    return createServer((_request, response) => {
      const { status, body, localEndpoints } = healthAnswer(check(), family)
      response.writeHead(status, {
        'Content-Type': 'application/json',
        'X-Content-Type-Options': 'nosniff',
        'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
      })
      response.end(body)
    })
  }

  /** A port that somebody else has is told once; the other family and the other Services go on. */
  #listen(server: Server, family: IPFamily, { namespace, name, port }: HealthCheck): Promise<void> {
    return new Promise(resolve => {
      server.once('error', error => {
        const fields = { service: `${namespace}/${name}`, family, port, error: String(error) }
        this.#options.log.warn('cannot listen for health checks', fields)
        resolve()
      })
      server.listen({ port, host: unspecifiedAddress[family], ipv6Only: true }, resolve)
      server.unref()
    })
  }

  async #close(port: number): Promise<void> {
    const servers = this.#listening.get(port)?.servers ?? []
    this.#listening.delete(port)
    await Promise.all(
      servers.map(
        server =>
          new Promise(resolve => {
            server.close(resolve)
            server.closeAllConnections()
          }),
      ),
    )
  }
}
