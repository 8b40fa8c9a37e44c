// Containers of the three sorts: regular ones, those that run before (and, as sidecars, beside) them, and
// those that are added to a running Pod to look around.
import { duplicate, forbiddenField, invalidValue, notFoundValue, required } from '../../../../fields.ts'
import type { Container, ContainerPort, EphemeralContainer, PodSpec } from '../../../../generated/types.ts'
import { dns1123Label, portName, portNumber } from '../../../../meta/names.ts'
import { checkEnum, checkText, type PodCheck } from './check.ts'
import { checkEnvironment, checkEnvironmentFrom } from './env.ts'
import { checkMounts } from './mounts.ts'
import { checkProbes } from './probes.ts'
import { checkResizePolicies, checkResources } from './resources.ts'
import { checkSecurityContext } from './securitycontext.ts'

export function checkAllContainers(spec: PodSpec, field: string, check: PodCheck): void {
  checkContainers(spec, `${field}.containers`, check)
  checkInitContainers(spec, `${field}.initContainers`, check)
  if (spec.ephemeralContainers?.length) {
    checkEphemeralContainers(spec, `${field}.ephemeralContainers`, check)
  }
}

function checkContainer(container: Container | EphemeralContainer, field: string, check: PodCheck): void {
  const { errors } = check
  if (!container.name) errors.push(required(`${field}.name`))
  else checkText(container.name, dns1123Label, { field: `${field}.name`, check })
  if (!container.image) errors.push(required(`${field}.image`))
  checkEnum(container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError'], {
    field: `${field}.terminationMessagePolicy`,
    check,
  })
  if (container.ports) checkPorts(container.ports, `${field}.ports`, check)
  if (container.env) checkEnvironment(container.env, `${field}.env`, check)
  if (container.envFrom) checkEnvironmentFrom(container.envFrom, `${field}.envFrom`, check)
  if (container.volumeMounts || container.volumeDevices) checkMounts(container, field, check)
  const policies = ['Always', 'IfNotPresent', 'Never']
  checkEnum(container.imagePullPolicy, policies, { field: `${field}.imagePullPolicy`, check })
  if (container.resources) checkResources(container.resources, { field: `${field}.resources`, check })
  if (container.resizePolicy) checkResizePolicies(container.resizePolicy, `${field}.resizePolicy`, check)
  if (container.securityContext) {
    checkSecurityContext(container.securityContext, `${field}.securityContext`, check)
  }
}

/** What is asked of Pods, not of templates, which were let through with it once. */
function checkImageText({ image = '' }: { image?: string }, field: string, { errors }: PodCheck): void {
  if (image.trim() !== image) {
    errors.push(invalidValue(`${field}.image`, image, 'must not have leading or trailing whitespace'))
  }
}

function checkContainers({ containers }: PodSpec, field: string, check: PodCheck): void {
  const { errors } = check
  if (containers.length === 0) {
    errors.push(required(field))
    return
  }
  const names = new Set<string>()
  containers.forEach((container, index) => {
    const at = `${field}[${index}]`
    checkContainer(container, at, check)
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name))
    names.add(container.name)
    checkProbes(container, at, check)
    checkRestartRules(container, at, { check, allowed: ['Always', 'Never', 'OnFailure'] })
    if (check.isPod) checkImageText(container, at, check)
  })
  checkHostPorts(containers, field, check)
}

function checkInitContainers(spec: PodSpec, field: string, check: PodCheck): void {
  const { errors } = check
  const names = new Set(spec.containers.map(container => container.name))
  spec.initContainers?.forEach((container, index) => {
    const at = `${field}[${index}]`
    checkContainer(container, at, check)
    checkRestartRules(container, at, { check, allowed: ['Always', 'Never', 'OnFailure'] })
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name))
    else if (container.name) names.add(container.name)
    checkHostPorts([container], field, check)
    if (container.restartPolicy === 'Always') checkProbes(container, at, check)
    else {
      const detail = 'may not be set for init containers without restartPolicy=Always'
      for (const name of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
        if (container[name]) errors.push(forbiddenField(`${at}.${name}`, detail))
      }
    }
    if (check.isPod) checkImageText(container, at, check)
  })
}

/** A restart policy of one container, and rules by exit code (KEP-5307). */
function checkRestartRules(
  { restartPolicy, restartPolicyRules: rules = [] }: Container,
  field: string,
  { check, allowed }: { check: PodCheck; allowed: readonly string[] },
): void {
  const { errors } = check
  checkEnum(restartPolicy, allowed, { field: `${field}.restartPolicy`, check, optional: true })
  if (rules.length === 0) return
  const at = `${field}.restartPolicyRules`
  if (restartPolicy === undefined) {
    const detail = 'must specify restartPolicy when restart rules are used'
    errors.push(required(`${field}.restartPolicy`, detail))
  }
  if (rules.length > 20) {
    const message = `Too many: ${rules.length}: must have at most 20 items`
    errors.push({ reason: 'FieldValueTooMany', field: at, message })
  }
  rules.forEach(({ action, exitCodes }, index) => {
    checkEnum(action, ['Restart', 'RestartAllContainers'], { field: `${at}[${index}].action`, check })
    if (!exitCodes) {
      errors.push(required(`${at}[${index}].exitCodes`, 'must be specified'))
      return
    }
    checkEnum(exitCodes.operator, ['In', 'NotIn'], { field: `${at}[${index}].exitCodes.operator`, check })
    if (!exitCodes.values?.length) {
      errors.push(required(`${at}[${index}].exitCodes.values`, 'must have at least one value'))
    }
  })
}

const ephemeralForbids = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
] as const

function checkEphemeralContainers(spec: PodSpec, field: string, check: PodCheck): void {
  const { errors } = check
  const others = new Set([...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name))
  const names = new Set(others)
  const detail = 'cannot be set for an Ephemeral Container'
  spec.ephemeralContainers?.forEach((container, index) => {
    const at = `${field}[${index}]`
    checkContainer(container, at, check)
    checkImageText(container, at, check)
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name))
    names.add(container.name)
    const target = container.targetContainerName
    if (target && !others.has(target)) errors.push(notFoundValue(`${at}.targetContainerName`, target))
    for (const name of ephemeralForbids) {
      const value = container[name]
      const isSet = Array.isArray(value) ? value.length > 0 : value !== undefined
      if (isSet) errors.push(forbiddenField(`${at}.${name}`, detail))
    }
    if (Object.keys(container.resources ?? {}).length > 0) {
      errors.push(forbiddenField(`${at}.resources`, detail))
    }
    container.volumeMounts?.forEach((mount, position) => {
      for (const name of ['subPath', 'subPathExpr'] as const) {
        if (mount[name]) errors.push(forbiddenField(`${at}.volumeMounts[${position}].${name}`, detail))
      }
    })
  })
}

const protocols = ['SCTP', 'TCP', 'UDP']

function checkPorts(ports: readonly ContainerPort[], field: string, check: PodCheck): void {
  const { errors } = check
  const names = new Set<string>()
  ports.forEach((port, index) => {
    const at = `${field}[${index}]`
    if (port.name) {
      const problems = portName(port.name)
      for (const problem of problems) errors.push(invalidValue(`${at}.name`, port.name, problem))
      if (problems.length === 0 && names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      names.add(port.name)
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`))
    else {
      for (const problem of portNumber(port.containerPort)) {
        errors.push(invalidValue(`${at}.containerPort`, port.containerPort, problem))
      }
    }
    if (port.hostPort) {
      for (const problem of portNumber(port.hostPort)) {
        errors.push(invalidValue(`${at}.hostPort`, port.hostPort, problem))
      }
    }
    checkEnum(port.protocol, protocols, { field: `${at}.protocol`, check })
  })
}

function checkHostPorts(containers: readonly Container[], field: string, { errors }: PodCheck): void {
  const taken = new Set<string>()
  containers.forEach(({ ports }, index) => {
    ports?.forEach(({ protocol, hostIP = '', hostPort }, position) => {
      if (!hostPort) return
      const key = `${protocol}/${hostIP}/${hostPort}`
      if (taken.has(key)) errors.push(duplicate(`${field}[${index}].ports[${position}].hostPort`, key))
      taken.add(key)
    })
  })
}
