// Which users are nodes: `system:node:<name>` of the group `system:nodes` (upstream's
// pkg/auth/nodeidentifier).
import type { User } from '../registry/registry.ts'

const prefix = 'system:node:'

/** The node's name, which may be empty; undefined for everybody else. */
export const nodeNameOf = ({ name, groups }: User): string | undefined =>
  name.startsWith(prefix) && groups.includes('system:nodes') ? name.slice(prefix.length) : undefined
