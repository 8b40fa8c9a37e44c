// The Pod Security Standards' level restricted: today's hardening practice. Source: as for baseline.ts.
import type { Volume } from '../../../api/generated/types.ts'
import { procMount, seccompSetTo } from './baseline.ts'
import {
  badSetters,
  type CheckedPod,
  hasUserNamespace,
  named,
  namesOf,
  type PodSecurityCheck,
  quoted,
  sortedValues,
  userNamespacesSince,
  uses,
  type Violation,
} from './violation.ts'

const allowedVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

type Check = PodSecurityCheck['check']

/** Rules about Linux do not bind Pods that say they are for Windows, since v1.25. */
const onLinux =
  (minor: number, check: Check): Check =>
  pod =>
    minor >= 25 && pod.spec.os?.name === 'windows' ? undefined : check(pod)

const withoutUserNamespace =
  (minor: number, check: Check): Check =>
  pod =>
    minor >= userNamespacesSince && hasUserNamespace(pod) ? undefined : check(pod)

function allowPrivilegeEscalation({ containers }: CheckedPod): Violation | undefined {
  const bad = containers.filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false)
  const detail = `${named('container', namesOf(bad))} must set securityContext.allowPrivilegeEscalation=false`
  return bad.length > 0 ? { reason: 'allowPrivilegeEscalation != false', detail } : undefined
}

function capabilities({ containers }: CheckedPod): Violation | undefined {
  const forbidden = (list: readonly string[] = []) => list.filter(name => name !== 'NET_BIND_SERVICE')
  const keeping = containers.filter(
    ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'),
  )
  const adding = containers.filter(
    ({ securityContext }) => forbidden(securityContext?.capabilities?.add).length > 0,
  )
  const added = sortedValues(
    adding.flatMap(({ securityContext }) => forbidden(securityContext?.capabilities?.add)),
  )
  const details = [
    ...(keeping.length > 0
      ? [`${named('container', namesOf(keeping))} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(adding.length > 0
      ? [
          `${named('container', namesOf(adding))} must not include ${quoted(added)} in securityContext.capabilities.add`,
        ]
      : []),
  ]
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined
}

const typeOf = (volume: Volume): string => Object.keys(volume).find(key => key !== 'name') ?? 'unknown'

function volumeTypes({ spec }: CheckedPod): Violation | undefined {
  const bad = (spec.volumes ?? []).filter(volume => !allowedVolumes.has(typeOf(volume)))
  if (bad.length === 0) return undefined
  const names = bad.map(({ name }) => name)
  const what = named('restricted volume type', sortedValues(bad.map(typeOf)))
  return { reason: 'restricted volume types', detail: `${named('volume', names)} ${uses(names)} ${what}` }
}

/** A field that each container has to have, from itself or from the Pod. */
const missing = (pod: CheckedPod, isSet: (context: CheckedPod['spec']['securityContext']) => boolean) =>
  isSet(pod.spec.securityContext)
    ? []
    : namesOf(pod.containers.filter(({ securityContext }) => !isSet(securityContext as never)))

function runAsNonRoot(pod: CheckedPod): Violation | undefined {
  const reason = 'runAsNonRoot != true'
  const setters = badSetters(pod, context => context?.runAsNonRoot === false)
  if (setters) return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false` }
  const bad = missing(pod, context => context?.runAsNonRoot !== undefined)
  const detail = `pod or ${named('container', bad)} must set securityContext.runAsNonRoot=true`
  return bad.length > 0 ? { reason, detail } : undefined
}

function runAsUser(pod: CheckedPod): Violation | undefined {
  const setters = badSetters(pod, context => context?.runAsUser === 0)
  return setters ? { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0` } : undefined
}

function seccompProfile(pod: CheckedPod): Violation | undefined {
  const set = seccompSetTo(pod)
  if (set) return set
  const bad = missing(pod, context => context?.seccompProfile !== undefined)
  const types = '"RuntimeDefault" or "Localhost"'
  const detail = `pod or ${named('container', bad)} must set securityContext.seccompProfile.type to ${types}`
  return bad.length > 0 ? { reason: 'seccompProfile', detail } : undefined
}

/** Added to what both levels share, for the standard of `1.<minor>`. */
export const restrictedChecks = (minor: number): readonly PodSecurityCheck[] => [
  { since: 8, check: onLinux(minor, allowPrivilegeEscalation) },
  { since: 22, check: onLinux(minor, capabilities) },
  { since: userNamespacesSince, check: procMount },
  { check: volumeTypes },
  { check: withoutUserNamespace(minor, runAsNonRoot) },
  { since: 23, check: withoutUserNamespace(minor, runAsUser) },
  { since: 19, check: onLinux(minor, seccompProfile) },
]
