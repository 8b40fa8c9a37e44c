// Kinds that are asked and answered but never stored: reviews of who may do what, and the old way to bind a
// Pod. They know create and nothing else.
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import { StatusError } from '../../api/status.ts'
import type { Registry, RequestContext, StoredObject } from './registry.ts'
import { Codec } from './stored.ts'

/** Fills in the answer, or gives another object as the answer. */
export type Answerer = (
  object: KubeObject,
  request: { readonly context: RequestContext; readonly namespace: string; readonly dryRun: boolean },
) => KubeObject | Promise<KubeObject>

/** Any authenticated user may do anything until there is an authorizer that knows better. */
const allowed: Answerer = object => ({ ...object, status: { allowed: true } }) as KubeObject

const allRules = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  incomplete: false,
}

export const reviews: Readonly<Record<string, Answerer>> = {
  'authentication.k8s.io/selfsubjectreviews': (object, { context }) => {
    const { name, uid, groups, extra } = context.user
    const userInfo = { username: name, ...(uid && { uid }), groups, ...(extra && { extra }) }
    return { ...object, status: { userInfo } } as KubeObject
  },
  'authentication.k8s.io/tokenreviews': object =>
    ({
      ...object,
      status: { authenticated: false, user: {}, error: 'no token authenticator is configured' },
    }) as KubeObject,
  'authorization.k8s.io/localsubjectaccessreviews': allowed,
  'authorization.k8s.io/selfsubjectaccessreviews': allowed,
  'authorization.k8s.io/selfsubjectrulesreviews': object => ({ ...object, status: allRules }) as KubeObject,
  'authorization.k8s.io/subjectaccessreviews': allowed,
}

export function createVirtualRegistry(resource: Resource, answer: Answerer): Registry {
  const codec = new Codec(resource)
  const refuse = async (): Promise<never> => {
    throw new StatusError({
      code: 405,
      reason: 'MethodNotAllowed',
      message: 'the server does not allow this method on the requested resource',
      details: { ...(resource.group && { group: resource.group }), kind: resource.resource },
    })
  }
  return {
    resource,
    get: refuse,
    list: refuse,
    watch: refuse,
    update: refuse,
    delete: refuse,
    deleteCollection: refuse,
    async create(context, object, { namespace, dryRun = false }) {
      object.metadata ??= {}
      resource.default?.(object)
      const answered = await answer(object, { context, namespace, dryRun })
      return (answered.kind ?? resource.kind) === resource.kind
        ? codec.decode(codec.encode(answered), 0, answered)
        : foreign(answered)
    },
  }
}

/** An answer of another kind, such as a Status. */
function foreign(object: KubeObject): StoredObject {
  const bytes = Buffer.from(JSON.stringify(object))
  return { name: '', namespace: '', uid: '', revision: 0, labels: {}, bytes, object }
}
