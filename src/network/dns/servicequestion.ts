// What a name below `svc` asks for: a Service, one of its ports, or one of its endpoints.
import type { Service } from '../../api/generated/types.ts'
import { type DNSContext, labelsBelow } from './plugin.ts'
import type { PortFilter } from './records.ts'

export interface ServiceQuestion {
  readonly service: Service
  readonly port?: PortFilter
  /** `web-0` in `web-0.web.default.svc`; `_tcp` counts as none. */
  readonly hostname?: string
  /** Only `_tcp` or `_udp` was asked: a name that holds others, but nothing itself. */
  readonly protocolOnly?: string
}

/** Undefined for any other name, and for Services that do not exist. */
export function serviceQuestion(
  name: string,
  { domain, services }: Pick<DNSContext, 'domain' | 'services'>,
): ServiceQuestion | undefined {
  const labels = labelsBelow(name, domain)
  if (labels?.at(-1) !== 'svc' || labels.length < 3 || labels.length > 5) return undefined
  const [serviceName, namespace] = labels.slice(-3)
  const service = services.get(`${namespace}/${serviceName}`)
  if (!service) return undefined
  const [first = '', second = ''] = labels
  if (labels.length === 3) return { service }
  if (labels.length === 4) {
    return first.startsWith('_') ? { service, protocolOnly: first } : { service, hostname: first }
  }
  return first.startsWith('_') && second.startsWith('_')
    ? { service, port: { port: first, protocol: second } }
    : undefined
}
