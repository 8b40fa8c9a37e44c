// Requests that show no credentials: they are those of `system:anonymous`, who may what roles allow, which of
// themselves are the health paths and /version (upstream's anonymous-auth; per path: KEP-4633).
import type { User } from '../registry/registry.ts'

export interface AnonymousAccess {
  readonly enabled: boolean
  /** Nowhere but there. */
  readonly paths?: readonly string[]
}

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

const openPaths = /^\/(healthz|livez|readyz|version\/?)$/

/** Whether a path may be asked for without credentials, before anybody judges what is asked. */
export type AnonymousRule = (path: string) => boolean

/** Where no roles decide, everybody may do everything: strangers only see health and version then. */
export function anonymousRule(
  { enabled, paths }: AnonymousAccess,
  { rolesDecide }: { readonly rolesDecide: boolean },
): AnonymousRule {
  if (!enabled) return () => false
  const among = paths && new Set(paths)
  return path => (among?.has(path) ?? true) && (rolesDecide || openPaths.test(path))
}
