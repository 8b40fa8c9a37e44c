// Environment variables and where their values come from, and the downward API's references to fields and
// resources, which volumes use as well.
import { invalidValue, notSupported, required } from '../../../../fields.ts'
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '../../../../generated/types.ts'
import {
  configMapKey,
  dns1123Label,
  dns1123Subdomain,
  environmentVariableName,
  qualifiedName,
} from '../../../../meta/names.ts'
import { checkFilePath, checkText, type PodCheck } from './check.ts'

const environmentFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
export const volumeFields = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]
const knownFields = new Set([
  ...environmentFields,
  ...volumeFields,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
])
const resourceNames = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const isHugePages = (name: string) => /^(?:requests|limits)\.hugepages-/.test(name)

export function checkEnvironment(variables: readonly EnvVar[], field: string, check: PodCheck): void {
  variables.forEach((variable, index) => {
    const at = `${field}[${index}]`
    if (!variable.name) check.errors.push(required(`${at}.name`))
    else checkText(variable.name, environmentVariableName, { field: `${at}.name`, check })
    if (variable.valueFrom) checkSource(variable, variable.valueFrom, { field: `${at}.valueFrom`, check })
  })
}

function checkSource({ value }: EnvVar, source: EnvVarSource, options: { field: string; check: PodCheck }) {
  const { field, check } = options
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source
  let sources = 0
  if (fieldRef) {
    sources++
    checkFieldRef(fieldRef, environmentFields, { field: `${field}.fieldRef`, check })
  }
  if (resourceFieldRef) {
    sources++
    checkResourceRef(resourceFieldRef, { field: `${field}.resourceFieldRef`, check, isVolume: false })
  }
  if (configMapKeyRef) {
    sources++
    checkKeyRef(configMapKeyRef, `${field}.configMapKeyRef`, check)
  }
  if (secretKeyRef) {
    sources++
    checkKeyRef(secretKeyRef, `${field}.secretKeyRef`, check)
  }
  if (fileKeyRef) {
    sources++
    const at = `${field}.fileKeyRef`
    if (!fileKeyRef.volumeName) check.errors.push(required(`${at}.volumeName`))
    else checkText(fileKeyRef.volumeName, dns1123Label, { field: `${at}.volumeName`, check })
    if (!fileKeyRef.path) check.errors.push(required(`${at}.path`))
    else checkFilePath(fileKeyRef.path, `${at}.path`, check)
    if (!fileKeyRef.key) check.errors.push(required(`${at}.key`))
    else checkText(fileKeyRef.key, environmentVariableName, { field: `${at}.key`, check })
  }
  const detail =
    sources === 0
      ? 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, ' +
        '`secretKeyRef` or `fileKeyRef`'
      : value
        ? 'may not be specified when `value` is not empty'
        : sources > 1
          ? 'may not have more than one field specified at a time'
          : ''
  if (detail !== '') check.errors.push(invalidValue(field, '', detail))
}

function checkKeyRef(ref: { name?: string; key?: string }, field: string, check: PodCheck): void {
  checkText(ref.name ?? '', dns1123Subdomain, { field: `${field}.name`, check })
  if (!ref.key) check.errors.push(required(`${field}.key`))
  else checkText(ref.key, configMapKey, { field: `${field}.key`, check })
}

/** `metadata.labels['app']` -> path and key; undefined for a plain path. */
function splitSubscript(path: string): { path: string; key: string } | undefined {
  if (!path.endsWith("']")) return undefined
  const [before = '', ...rest] = path.slice(0, -2).split("['")
  if (rest.length === 0 || before === '') return undefined
  return { path: before, key: rest.join("['") }
}

export function checkFieldRef(
  ref: ObjectFieldSelector,
  allowed: readonly string[],
  { field, check }: { field: string; check: PodCheck },
): void {
  const { errors } = check
  if (!ref.apiVersion) {
    errors.push(required(`${field}.apiVersion`))
    return
  }
  if (!ref.fieldPath) {
    errors.push(required(`${field}.fieldPath`))
    return
  }
  const fail = (detail: string) => {
    errors.push(invalidValue(`${field}.fieldPath`, ref.fieldPath, `error converting fieldPath: ${detail}`))
  }
  if (ref.apiVersion !== 'v1') {
    fail(`unsupported pod version: ${ref.apiVersion}`)
    return
  }
  const split = splitSubscript(ref.fieldPath)
  if (split) {
    if (split.path === 'metadata.annotations') {
      checkText(split.key.toLowerCase(), qualifiedName, { field, check })
    } else if (split.path === 'metadata.labels') checkText(split.key, qualifiedName, { field, check })
    else fail(`field label does not support subscript: ${ref.fieldPath}`)
  } else if (!knownFields.has(ref.fieldPath)) fail(`field label not supported: ${ref.fieldPath}`)
  else if (!allowed.includes(ref.fieldPath)) {
    errors.push(notSupported(`${field}.fieldPath`, ref.fieldPath, allowed))
  }
}

const sizes = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']
const sizesText = `only divisor's values ${sizes.join(', ')} are supported with the`

export function checkResourceRef(
  ref: ResourceFieldSelector,
  { field, check, isVolume }: { field: string; check: PodCheck; isVolume: boolean },
): void {
  const { errors } = check
  const { resource = '', divisor = '0' } = ref
  if (isVolume && !ref.containerName) errors.push(required(`${field}.containerName`))
  else if (resource === '') errors.push(required(`${field}.resource`))
  else if (!resourceNames.includes(resource) && !isHugePages(resource)) {
    errors.push(notSupported(`${field}.resource`, resource, resourceNames))
  }
  if (divisor === '0') return
  const refuse = (detail: string) => errors.push(invalidValue(`${field}.divisor`, resource, detail))
  if (resource.endsWith('.cpu')) {
    if (divisor !== '1m' && divisor !== '1') {
      refuse("only divisor's values 1m and 1 are supported with the cpu resource")
    }
  } else if (!sizes.includes(divisor)) {
    if (resource.endsWith('.memory')) refuse(`${sizesText} memory resource`)
    if (resource.endsWith('.ephemeral-storage')) refuse(`${sizesText} local ephemeral storage resource`)
    if (isHugePages(resource)) refuse(`${sizesText} hugepages resource`)
  }
}

export function checkEnvironmentFrom(sources: readonly EnvFromSource[], field: string, check: PodCheck) {
  sources.forEach(({ prefix, configMapRef, secretRef }, index) => {
    const at = `${field}[${index}]`
    if (prefix) checkText(prefix, environmentVariableName, { field: `${at}.prefix`, check })
    if (configMapRef) checkName(configMapRef.name, `${at}.configMapRef.name`, check)
    if (secretRef) checkName(secretRef.name, `${at}.secretRef.name`, check)
    if (!configMapRef && !secretRef) {
      check.errors.push(invalidValue(field, '', 'must specify one of: `configMapRef` or `secretRef`'))
    } else if (configMapRef && secretRef) {
      const detail = 'may not have more than one field specified at a time'
      check.errors.push(invalidValue(field, '', detail))
    }
  })
}

function checkName(name: string | undefined, field: string, check: PodCheck): void {
  if (!name) check.errors.push(required(field))
  else checkText(name, dns1123Subdomain, { field, check })
}
