// Acting as somebody else: the headers that a kubeconfig's `as` fields become.
import type { Impersonation } from './kubeconfig.ts'

/** What HTTP does not allow in a header's name is percent-encoded, and lower case is all there is. */
const headerKey = (key: string) =>
  [...Buffer.from(key.toLowerCase())]
    .map(byte => String.fromCharCode(byte))
    .map(char =>
      /[a-z0-9!#$&'*+.^_`|~-]/.test(char) ? char : `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    )
    .join('')

export function impersonationHeaders(
  impersonate: Impersonation | undefined,
): Record<string, string | string[]> {
  if (!impersonate) return {}
  const { user, uid, groups, extra } = impersonate
  return {
    'impersonate-user': user,
    ...(uid ? { 'impersonate-uid': uid } : {}),
    ...(groups.length > 0 ? { 'impersonate-group': [...groups] } : {}),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`impersonate-extra-${headerKey(key)}`, [...values]]),
    ),
  }
}
