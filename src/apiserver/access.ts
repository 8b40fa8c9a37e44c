// Who may do what, put together from the authorizers that are wanted: the judge of requests, the reviews by
// which others ask it, and the admission plugins that ask it.
import type { AdmissionPluginFactory } from './admission/admission.ts'
import { certificateAuthorityPlugins } from './admission/certificates.ts'
import { type Authorizer, allowAuthenticated } from './filters/authorization.ts'
import { NodeAuthorizer } from './node/authorizer.ts'
import { WatchedNodeGraph } from './node/graph.ts'
import { accessReviews, authorizerOf } from './rbac/authorizer.ts'
import { chainOf } from './rbac/chain.ts'
import { escalationPlugin } from './rbac/escalation.ts'
import { RBACPolicy } from './rbac/policy.ts'
import type { RegistryLookup } from './registry/registry.ts'
import type { Answerer } from './registry/virtual.ts'

export interface AccessOptions {
  readonly authorizer?: Authorizer
  readonly rbac?: boolean
  readonly nodeAuthorizer?: boolean
  /** Of registries that may be a little behind, and of those that are not. */
  readonly recent: RegistryLookup
  readonly lookup: RegistryLookup
}

export interface Access {
  readonly authorizer: Authorizer
  /** By `group/resource`. */
  readonly answerers: Readonly<Record<string, Answerer>>
  readonly admission: readonly AdmissionPluginFactory[]
}

export function createAccess(options: AccessOptions): Access {
  const { authorizer: given, rbac, nodeAuthorizer, recent, lookup } = options
  if (!rbac) {
    const authorizer = given ?? allowAuthenticated
    return { authorizer, answerers: {}, admission: certificateAuthorityPlugins(authorizer) }
  }
  const policy = new RBACPolicy(recent)
  const decider = chainOf([
    ...(nodeAuthorizer ? [new NodeAuthorizer(new WatchedNodeGraph(lookup))] : []),
    policy,
  ])
  const authorizer = given ?? authorizerOf(decider)
  return {
    authorizer,
    answerers: accessReviews(decider, policy),
    admission: [...certificateAuthorityPlugins(authorizer), escalationPlugin(policy)],
  }
}
