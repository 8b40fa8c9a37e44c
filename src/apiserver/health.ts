// /healthz, /livez and /readyz: whether the server runs and whether it is ready, check by check, in
// upstream's format (k8s.io/apiserver pkg/server/healthz).
import type { Logger } from '../component/log.ts'
import { textReply } from './reply.ts'
import type { Reply, ServerRequest } from './request.ts'

export interface HealthCheck {
  readonly name: string
  /** Throws or rejects when something is wrong. */
  readonly check: () => Promise<unknown> | unknown
  /** The paths that ask it; absent: all three. */
  readonly paths?: readonly ('healthz' | 'livez' | 'readyz')[]
}

const quotedList = (names: Iterable<string>) =>
  [...names]
    .sort()
    .map(name => JSON.stringify(name))
    .join(',')

async function rootReply(
  path: string,
  checks: readonly HealthCheck[],
  context: { readonly request: ServerRequest; readonly log: Logger },
): Promise<Reply> {
  const excluded = new Set(context.request.query.all('exclude'))
  const lines: string[] = []
  const failures: string[] = []
  for (const { name, check } of checks) {
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok\n`)
      continue
    }
    try {
      await check()
      lines.push(`[+]${name} ok\n`)
    } catch (error) {
      lines.push(`[-]${name} failed: reason withheld\n`)
      failures.push(`${name}: ${String(error)}`)
    }
  }
  if (excluded.size > 0) {
    const names = quotedList(excluded)
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}\n`)
  }
  if (failures.length > 0) {
    context.log.warn(`${path} check failed`, { failures })
    return textReply(500, `${lines.join('')}${path} check failed\n`)
  }
  return textReply(
    200,
    context.request.query.has('verbose') ? `${lines.join('')}${path} check passed\n` : 'ok',
  )
}

/** Answers a health path; undefined when the path is none or names a check that does not exist. */
export async function healthReply(
  request: ServerRequest,
  checks: readonly HealthCheck[],
  log: Logger,
): Promise<Reply | undefined> {
  const match = /^\/(healthz|livez|readyz)(?:\/(.*))?$/.exec(request.path)
  if (!match) return undefined
  const path = match[1] as 'healthz' | 'livez' | 'readyz'
  const asked = checks.filter(check => check.paths === undefined || check.paths.includes(path))
  if (!match[2]) return rootReply(path, asked, { request, log })
  const check = asked.find(({ name }) => name === match[2])
  if (!check) return undefined
  try {
    await check.check()
    return textReply(200, 'ok')
  } catch (error) {
    return textReply(
      500,
      `internal server error: ${error instanceof Error ? error.message : String(error)}\n`,
    )
  }
}

/** Every path that `healthReply` answers. */
export function healthPaths(checks: readonly HealthCheck[]): string[] {
  return (['healthz', 'livez', 'readyz'] as const).flatMap(path => [
    `/${path}`,
    ...checks.filter(check => check.paths?.includes(path) ?? true).map(check => `/${path}/${check.name}`),
  ])
}
