// Routes of both families, through iproute2. A routing protocol number marks routes as somebody's own, so
// that they are found again and those of others are left alone.
import { type Exec, ExecError } from './exec.ts'
import { runIPCommands } from './link.ts'

export interface Route {
  /** `192.0.2.0/24`, `2001:db8::/64`, a single address, or `default`. */
  readonly destination: string
  /** The gateway; absent: reached directly. */
  readonly via?: string
  readonly link?: string
  /** Who made it: a name or a number of /etc/iproute2/rt_protos. */
  readonly protocol?: string
}

interface RouteReport {
  readonly dst: string
  readonly gateway?: string
  readonly via?: { readonly host: string }
  readonly dev?: string
  readonly protocol?: string
}

const list = async (exec: Exec, family: string, protocol: string | undefined) => {
  const filter = protocol === undefined ? [] : ['proto', protocol]
  const { stdout } = await exec.run('ip', ['-json', family, 'route', 'show', ...filter])
  return JSON.parse(stdout.trim() || '[]') as RouteReport[]
}

/** The routes of the main tables of both families, IPv4 first, or of these only a protocol's. */
export async function listRoutes(exec: Exec, protocol?: string): Promise<Route[]> {
  const reports = await Promise.all(['-4', '-6'].map(family => list(exec, family, protocol)))
  return reports.flat().map(({ dst, gateway, via, dev, protocol: by = protocol }) => {
    const gatewayAddress = gateway ?? via?.host
    return {
      destination: dst,
      ...(gatewayAddress ? { via: gatewayAddress } : {}),
      ...(dev ? { link: dev } : {}),
      ...(by ? { protocol: by } : {}),
    }
  })
}

const words = ({ destination, via, link, protocol }: Route) =>
  [
    destination,
    ...(via ? ['via', via] : []),
    ...(link ? ['dev', link] : []),
    ...(protocol ? ['proto', protocol] : []),
  ].join(' ')

/** The line for `ip -batch` that makes or changes a route. */
export const routeCommand = (route: Route): string => `route replace ${words(route)}`

/** Makes or changes routes, in one process. */
export const replaceRoutes = (exec: Exec, routes: readonly Route[]): Promise<void> =>
  runIPCommands(exec, routes.map(routeCommand))

/** Removes a route; nothing happens when there is none. */
export async function removeRoute(exec: Exec, route: Route): Promise<void> {
  try {
    await exec.run('ip', ['route', 'delete', ...words(route).split(' ')])
  } catch (error) {
    const isGone = error instanceof ExecError && /No such process|Cannot find device/.test(error.stderr)
    if (!isGone) throw error
  }
}
