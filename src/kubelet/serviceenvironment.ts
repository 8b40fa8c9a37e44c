// The variables by which containers find Services without DNS: {NAME}_SERVICE_HOST and the older link
// variables (upstream pkg/kubelet/envvars). They have one address, the primary one.
import type { Service } from '../api/generated/types.ts'
import { joinHostPort } from '../ip/hostport.ts'

export type Variable = readonly [name: string, value: string]

const variableName = (text: string) => text.replaceAll('-', '_').toUpperCase()

function linkVariables(prefix: string, host: string, service: Service): Variable[] {
  return (service.spec?.ports ?? []).flatMap(({ port, protocol = 'TCP' }, index) => {
    const url = `${protocol.toLowerCase()}://${joinHostPort(host, port)}`
    const name = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
    return [
      ...(index === 0 ? ([[`${prefix}_PORT`, url]] as const) : []),
      [name, url],
      [`${name}_PROTO`, protocol.toLowerCase()],
      [`${name}_PORT`, String(port)],
      [`${name}_ADDR`, host],
    ] as const
  })
}

function variablesOf(service: Service): Variable[] {
  const host = service.spec?.clusterIPs?.[0]
  const ports = service.spec?.ports ?? []
  if (!host || host === 'None' || ports.length === 0) return []
  const prefix = variableName(service.metadata.name ?? '')
  return [
    [`${prefix}_SERVICE_HOST`, host],
    [`${prefix}_SERVICE_PORT`, String(ports[0]?.port)],
    ...ports
      .filter(({ name }) => name)
      .map(({ name = '', port }) => [`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)] as const),
    ...linkVariables(prefix, host, service),
  ]
}

/** `enableServiceLinks` adds those of the Pod's own namespace; that of the API server is always there. */
export function serviceVariables(
  services: Iterable<Service>,
  namespace: string,
  options: { readonly enableServiceLinks: boolean },
): Variable[] {
  const chosen = new Map<string, Service>()
  for (const service of services) {
    const { name = '', namespace: where } = service.metadata
    if (where === 'default' && name === 'kubernetes') {
      if (!chosen.has(name)) chosen.set(name, service)
    } else if (where === namespace && options.enableServiceLinks) chosen.set(name, service)
  }
  return [...chosen].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, service]) => variablesOf(service))
}
