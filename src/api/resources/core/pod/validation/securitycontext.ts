// Security contexts of Pods and containers: users and groups, seccomp and AppArmor profiles, sysctls, and
// what a Windows Pod may not say.
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../../../fields.ts'
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '../../../../generated/types.ts'
import { byteLength, rangeText } from '../../../../meta/names.ts'
import { checkDescendingPath, checkEnum, type PodCheck } from './check.ts'
import { visitContainers } from './visit.ts'
import { checkWindowsOptions } from './windows.ts'

const maxID = 0xffffffff

function checkID(id: number | undefined, field: string, { errors }: PodCheck): void {
  if (id !== undefined && (id < 0 || id > maxID)) errors.push(invalidValue(field, id, rangeText(0, maxID)))
}

export function checkSecurityContext(context: SecurityContext, field: string, check: PodCheck): void {
  const { errors } = check
  checkID(context.runAsUser, `${field}.runAsUser`, check)
  checkID(context.runAsGroup, `${field}.runAsGroup`, check)
  if (context.procMount !== undefined) {
    const masks = ['Default', 'Unmasked']
    if (!masks.includes(context.procMount)) {
      errors.push(notSupported(`${field}.procMount`, context.procMount, masks))
    }
    if (check.hostUsers && context.procMount === 'Unmasked') {
      const detail = '`hostUsers` must be false to use `Unmasked`'
      errors.push(invalidValue(`${field}.procMount`, context.procMount, detail))
    }
  }
  if (context.seccompProfile) checkSeccomp(context.seccompProfile, `${field}.seccompProfile`, check)
  if (context.allowPrivilegeEscalation === false) {
    const prefix = 'cannot set `allowPrivilegeEscalation` to false and'
    if (context.privileged === true) {
      errors.push(invalidValue(field, context, `${prefix} \`privileged\` to true`))
    }
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      errors.push(invalidValue(field, context, `${prefix} \`capabilities.Add\` CAP_SYS_ADMIN`))
    }
  }
  checkWindowsOptions(context.windowsOptions, `${field}.windowsOptions`, check)
  if (context.appArmorProfile) checkAppArmor(context.appArmorProfile, `${field}.appArmorProfile`, check)
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']

function checkSeccomp(profile: SeccompProfile, field: string, check: PodCheck): void {
  const { type = '', localhostProfile: file } = profile
  const { errors } = check
  if (type === '') errors.push(required(`${field}.type`, 'type is required when seccompProfile is set'))
  else if (!profileTypes.includes(type)) errors.push(notSupported(`${field}.type`, type, profileTypes))
  const at = `${field}.localhostProfile`
  if (type === 'Localhost') {
    if (file === undefined) errors.push(required(at, 'must be set when seccomp type is Localhost'))
    else checkDescendingPath(file, at, check)
  } else if (file !== undefined) {
    errors.push(invalidValue(at, profile, 'can only be set when seccomp type is Localhost'))
  }
}

function checkAppArmor(profile: AppArmorProfile, field: string, { errors }: PodCheck): void {
  const { type = '', localhostProfile: file } = profile
  const at = `${field}.localhostProfile`
  if (type === '') {
    errors.push(required(`${field}.type`, 'type is required when appArmorProfile is set'))
    return
  }
  if (!profileTypes.includes(type)) {
    errors.push(notSupported(`${field}.type`, type, profileTypes))
    return
  }
  if (type !== 'Localhost') {
    if (file !== undefined) {
      errors.push(invalidValue(at, file, 'can only be set when AppArmor type is Localhost'))
    }
    return
  }
  if (file === undefined || file === '') {
    errors.push(required(at, 'must be set when AppArmor type is Localhost'))
    return
  }
  if (file.trim() !== file) errors.push(invalidValue(at, file, 'must not be padded with whitespace'))
  if (byteLength(file) > 4095) errors.push(tooLong(at, 4095))
}

const sysctlFormat = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'
const sysctlPattern = new RegExp(sysctlFormat)

/** The namespace a sysctl belongs to, as k8s.io/component-helpers knows them. */
function sysctlNamespace(name: string): 'net' | 'ipc' | '' {
  const dotted = name.replaceAll('/', '.')
  if (dotted.startsWith('net.')) return 'net'
  if (['kernel.shm', 'kernel.msg', 'fs.mqueue.'].some(prefix => dotted.startsWith(prefix))) return 'ipc'
  return dotted === 'kernel.sem' ? 'ipc' : ''
}

function checkSysctls(
  context: PodSecurityContext,
  spec: PodSpec,
  options: { field: string; check: PodCheck },
) {
  const { field, check } = options
  const { errors } = check
  const seen = new Set<string>()
  context.sysctls?.forEach(({ name = '' }, index) => {
    const at = `${field}.sysctls[${index}].name`
    if (name === '') errors.push(required(at))
    else if (name.length > 253 || !sysctlPattern.test(name)) {
      errors.push(invalidValue(at, name, `must have at most 253 characters and match regex ${sysctlFormat}`))
    } else if (seen.has(name)) errors.push(duplicate(at, name))
    seen.add(name)
    const namespace = sysctlNamespace(name)
    if (spec.hostNetwork && namespace === 'net') {
      errors.push(invalidValue(at, name, "may not be specified when 'hostNetwork' is true"))
    }
    if (spec.hostIPC && namespace === 'ipc') {
      errors.push(invalidValue(at, name, "may not be specified when 'hostIPC' is true"))
    }
  })
}

export function checkPodSecurityContext(spec: PodSpec, specField: string, check: PodCheck): void {
  const context = spec.securityContext
  if (!context) return
  const field = `${specField}.securityContext`
  checkID(context.fsGroup, `${field}.fsGroup`, check)
  checkID(context.runAsUser, `${field}.runAsUser`, check)
  checkID(context.runAsGroup, `${field}.runAsGroup`, check)
  context.supplementalGroups?.forEach((group, index) => {
    checkID(group, `${field}.supplementalGroups[${index}]`, check)
  })
  if (spec.shareProcessNamespace && spec.hostPID) {
    const detail = 'ShareProcessNamespace and HostPID cannot both be enabled'
    check.errors.push(invalidValue(`${field}.shareProcessNamespace`, true, detail))
  }
  checkSysctls(context, spec, { field, check })
  const policies = [
    ['fsGroupChangePolicy', ['Always', 'OnRootMismatch']],
    ['supplementalGroupsPolicy', ['Merge', 'Strict']],
    ['seLinuxChangePolicy', ['MountOption', 'Recursive']],
  ] as const
  for (const [name, allowed] of policies) {
    checkEnum(context[name], allowed, { field: `${field}.${name}`, check, optional: true })
  }
  if (context.seccompProfile) checkSeccomp(context.seccompProfile, `${field}.seccompProfile`, check)
  checkWindowsOptions(context.windowsOptions, `${field}.windowsOptions`, check)
  if (context.appArmorProfile) checkAppArmor(context.appArmorProfile, `${field}.appArmorProfile`, check)
}

const notForWindowsPod = ['hostPID', 'hostIPC', 'hostUsers', 'shareProcessNamespace'] as const
const notForWindowsContexts = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
]

export function checkOS(spec: PodSpec, field: string, check: PodCheck): void {
  const { os } = spec
  if (!os) return
  const { errors } = check
  if (!os.name) errors.push(required(`${field}.os.name`, 'cannot be empty'))
  else if (os.name === 'linux') {
    const refuse = (context: { windowsOptions?: unknown } | undefined, at: string) => {
      if (!context?.windowsOptions) return
      const detail = 'windows options cannot be set for a linux pod'
      errors.push(forbiddenField(`${at}.securityContext.windowsOptions`, detail))
    }
    refuse(spec.securityContext, field)
    visitContainers(spec, field, (container, at) => refuse(container.securityContext, at))
  } else if (os.name === 'windows') {
    const detail = 'cannot be set for a windows pod'
    for (const name of notForWindowsPod) {
      if (spec[name] !== undefined) errors.push(forbiddenField(`${field}.${name}`, detail))
    }
    const refuse = (context: object | undefined, at: string) => {
      for (const name of notForWindowsContexts) {
        if (context && name in context) errors.push(forbiddenField(`${at}.securityContext.${name}`, detail))
      }
    }
    refuse(spec.securityContext, field)
    visitContainers(spec, field, (container, at) => refuse(container.securityContext, at))
  } else errors.push(notSupported(`${field}.os`, os.name, ['linux', 'windows']))
}

/** A Pod with a user namespace of its own shares no other namespace with its host (KEP-127). */
export function checkHostUsers(spec: PodSpec, field: string, check: PodCheck): void {
  if (check.hostUsers) return
  const refuse = (name: string) => {
    check.errors.push(forbiddenField(`${field}.${name}`, 'when `pod.Spec.HostUsers` is false'))
  }
  if (spec.hostNetwork) refuse('hostNetwork')
  if (spec.hostPID) refuse('HostPID')
  if (spec.hostIPC) refuse('HostIPC')
}
