// Annotations of Pods that the API knows: mirror Pods, deletion cost, and the old ways to name seccomp
// and AppArmor profiles.
import { type FieldError, forbiddenField, invalidValue } from '../../../../fields.ts'
import type { Pod, PodSpec } from '../../../../generated/types.ts'

const mirror = 'kubernetes.io/config.mirror'
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost'
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/'
const appArmor = 'container.apparmor.security.beta.kubernetes.io/'

export function validatePodAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  spec: PodSpec,
  field: string,
): FieldError[] {
  const errors: FieldError[] = []
  for (const key in annotations) {
    const value = annotations[key]!
    const at = `${field}[${key}]`
    if (key === mirror && !spec.nodeName) {
      errors.push(invalidValue(at, value, 'must set spec.nodeName if mirror pod annotation is set'))
    } else if (key === deletionCost) {
      if (!isDeletionCost(value)) errors.push(invalidValue(at, value, 'must be a 32bit integer'))
    } else if (key === seccompPod || key.startsWith(seccompContainer)) {
      errors.push(...validateSeccomp(value, `${field}.${key}`))
    } else if (key.startsWith(appArmor)) {
      const name = key.slice(appArmor.length)
      const all = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]
      if (!all.some(container => container.name === name)) {
        errors.push(invalidValue(at, name, 'container not found'))
      }
      if (!/^$|^runtime\/default$|^unconfined$|^localhost\//.test(value)) {
        errors.push(invalidValue(at, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`))
      }
    }
  }
  return errors
}

function isDeletionCost(value: string): boolean {
  if (!/^(?:0|[-+]?[1-9][0-9]*)$/.test(value) || value.startsWith('+')) return false
  const cost = Number(value)
  return cost >= -2147483648 && cost <= 2147483647
}

function validateSeccomp(profile: string, field: string): FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return []
  if (!profile.startsWith('localhost/')) {
    return [invalidValue(field, profile, 'must be a valid seccomp profile')]
  }
  const path = profile.slice('localhost/'.length)
  if (path.startsWith('/')) return [invalidValue(field, path, 'must be a relative path')]
  return path.split('/').includes('..') ? [invalidValue(field, path, "must not contain '..'")] : []
}

/** Some annotations stay as they were made. */
export function validatePodAnnotationUpdates(pod: Pod, previous: Pod): FieldError[] {
  const after = pod.metadata.annotations ?? {}
  const before = previous.metadata.annotations ?? {}
  const errors: FieldError[] = []
  const nameOf = (key: string) =>
    key === mirror ? 'mirror pod annotation' : key.startsWith(appArmor) ? 'AppArmor annotations' : ''
  for (const key in before) {
    const name = after[key] === before[key] ? '' : nameOf(key)
    if (name) errors.push(forbiddenField(`metadata.annotations[${key}]`, `may not remove or update ${name}`))
  }
  for (const key in after) {
    const name = key in before ? '' : nameOf(key)
    if (name) errors.push(forbiddenField(`metadata.annotations[${key}]`, `may not add ${name}`))
  }
  return errors
}
