// Which node ports a Service takes and gives back: upstream's initNodePorts, updateNodePorts and
// updateHealthCheckNodePort (pkg/registry/core/service/storage/alloc.go). Ports of one number and several
// protocols share a node port.
import { invalidValue } from '../../api/fields.ts'
import type { Service, ServicePort } from '../../api/generated/types.ts'
import { needsHealthCheckNodePort, needsNodePort, specOf } from '../../api/resources/core/service/kind.ts'
import { nodePortsOf } from '../../api/resources/core/service/update.ts'
import { StatusError } from '../../api/status.ts'
import { allocationFailed, invalidService, portProblem, rangeIsFull } from './errors.ts'
import type { PortRange } from './portpool.ts'
import type { Transaction } from './transaction.ts'

/** A load balancer may do without node ports; those it names it gets all the same. */
const allocatesNodePorts = (service: Service): boolean =>
  service.spec?.type === 'NodePort' || service.spec?.allocateLoadBalancerNodePorts !== false

export class NodePorts {
  readonly #range: PortRange

  constructor(range: PortRange) {
    this.#range = range
  }

  /** For a Service that is new. */
  allocate(service: Service, transaction: Transaction): void {
    if (needsNodePort(service)) this.#allocatePorts(service, transaction)
    if (needsHealthCheckNodePort(service)) this.#allocateHealthCheck(service, transaction)
  }

  update(service: Service, previous: Service, transaction: Transaction): void {
    if (needsNodePort(service)) this.#updatePorts(service, previous, transaction)
    else if (needsNodePort(previous)) {
      for (const port of new Set(nodePortsOf(previous))) transaction.releasePort(port)
    }
    const [needed, needs] = [needsHealthCheckNodePort(previous), needsHealthCheckNodePort(service)]
    if (!needed && needs) this.#allocateHealthCheck(service, transaction)
    if (needed && !needs) transaction.releasePort(previous.spec?.healthCheckNodePort ?? 0)
  }

  release(service: Service, transaction: Transaction): void {
    for (const port of new Set(nodePortsOf(service))) transaction.releasePort(port)
    if (needsHealthCheckNodePort(service)) transaction.releasePort(service.spec?.healthCheckNodePort ?? 0)
  }

  #allocatePorts(service: Service, transaction: Transaction): void {
    const ports = specOf(service).ports ?? []
    const shared = new Map<number, number>()
    for (const [index, port] of ports.entries()) {
      if (!port.nodePort && !allocatesNodePorts(service)) continue
      const known = shared.get(port.port)
      if (known === undefined) {
        const named = ports.find(other => other.port === port.port && other.nodePort)?.nodePort
        if (named) this.#take(service, named, { index, transaction })
        port.nodePort = named ?? this.#takeNext(transaction)
        shared.set(port.port, port.nodePort)
      } else if (!port.nodePort) port.nodePort = known
      else if (port.nodePort !== known) this.#take(service, port.nodePort, { index, transaction })
    }
  }

  #updatePorts(service: Service, previous: Service, transaction: Transaction): void {
    const before = new Set(needsNodePort(previous) ? nodePortsOf(previous) : [])
    const taken = new Set<number>()
    const pairs = new Set<string>()
    for (const [index, port] of (specOf(service).ports ?? []).entries()) {
      if (!port.nodePort && !allocatesNodePorts(service)) continue
      if (!port.nodePort) port.nodePort = this.#takeNext(transaction)
      else if (!before.has(port.nodePort) && !taken.has(port.nodePort)) {
        this.#take(service, port.nodePort, { index, transaction })
      }
      taken.add(port.nodePort)
      refuseDuplicate(port, pairs)
    }
    const after = new Set(nodePortsOf(service))
    for (const port of before) if (!after.has(port)) transaction.releasePort(port)
  }

  #allocateHealthCheck(service: Service, transaction: Transaction): void {
    const spec = specOf(service)
    const named = spec.healthCheckNodePort
    if (!named) {
      const next = transaction.takeNextPort()
      const why = `failed to allocate a HealthCheck NodePort 0: ${rangeIsFull}`
      if (next === undefined) throw allocationFailed(why)
      spec.healthCheckNodePort = next
      return
    }
    const outcome = transaction.takePort(named)
    if (outcome === 'allocated') return
    const why = portProblem(outcome, this.#range)
    throw allocationFailed(`failed to allocate requested HealthCheck NodePort ${named}: ${why}`)
  }

  #takeNext(transaction: Transaction): number {
    const next = transaction.takeNextPort()
    if (next === undefined) throw allocationFailed(`failed to allocate a nodePort: ${rangeIsFull}`)
    return next
  }

  #take(
    service: Service,
    port: number,
    options: { readonly index: number; readonly transaction: Transaction },
  ): void {
    const outcome = options.transaction.takePort(port)
    if (outcome === 'allocated') return
    const field = `spec.ports[${options.index}].nodePort`
    throw invalidService(service, [invalidValue(field, port, portProblem(outcome, this.#range))])
  }
}

function refuseDuplicate({ protocol, nodePort }: ServicePort, seen: Set<string>): void {
  const pair = `{${protocol} ${nodePort}}`
  if (seen.has(pair)) {
    throw new StatusError({ code: 500, reason: '', message: `duplicate nodePort: ${pair}` })
  }
  seen.add(pair)
}
