// A whole Pod spec, of a Pod or in the template of a workload. Follows upstream's
// pkg/apis/core/validation, also in the order of what it finds.
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../../../fields.ts'
import type { Pod, PodSpec, PodTemplateSpec } from '../../../../generated/types.ts'
import { validateLegacyAddress } from '../../../../meta/addresses.ts'
import {
  dns1123Label,
  dns1123Subdomain,
  dns1123SubdomainWithUnderscore,
  rangeText,
} from '../../../../meta/names.ts'
import { validateAnnotations, validateLabels } from '../../../../meta/objectmeta.ts'
import { checkAffinity } from './affinity.ts'
import { validatePodAnnotations } from './annotations.ts'
import { checkEnum, checkText, type PodCheck } from './check.ts'
import { checkAllContainers } from './containers.ts'
import { checkPodResources, checkResources } from './resources.ts'
import { checkGates, checkSpread, checkTolerations } from './scheduling.ts'
import { checkHostUsers, checkOS, checkPodSecurityContext } from './securitycontext.ts'
import { checkVolumes } from './volumes.ts'
import { checkHostProcess } from './windows.ts'

export interface PodSpecOptions {
  readonly field: string
  /** Of a Pod, not of a template. */
  readonly isPod?: boolean
  readonly podName?: string
}

export function validatePodSpec(spec: PodSpec, options: PodSpecOptions): FieldError[] {
  const { field, isPod = false, podName = '' } = options
  const errors: FieldError[] = []
  const check: PodCheck = {
    errors,
    isPod,
    podName,
    gracePeriod: spec.terminationGracePeriodSeconds,
    restartPolicy: spec.restartPolicy ?? '',
    hostUsers: spec.hostUsers !== false,
    os: spec.os?.name ?? '',
    volumes: new Map(),
    claims: new Set((spec.resourceClaims ?? []).map(({ name }) => name).filter(name => name !== '')),
  }
  if (spec.terminationGracePeriodSeconds === undefined) {
    errors.push(required(`${field}.terminationGracePeriodSeconds`))
  }
  if (spec.volumes) checkVolumes(spec.volumes, `${field}.volumes`, check)
  if (spec.resourceClaims) checkResourceClaims(spec, `${field}.resourceClaims`, check)
  checkAllContainers(spec, field, check)
  checkPodResources(spec, field, check)
  if (spec.hostNetwork) checkHostNetworkPorts(spec, field, check)
  checkEnum(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], { field: `${field}.restartPolicy`, check })
  const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
  checkEnum(spec.dnsPolicy, dnsPolicies, { field: `${field}.dnsPolicy`, check })
  if (spec.nodeSelector) errors.push(...validateLabels(spec.nodeSelector, `${field}.nodeSelector`))
  checkPodSecurityContext(spec, field, check)
  if (spec.affinity) checkAffinity(spec.affinity, `${field}.affinity`, check)
  checkDNS(spec, `${field}.dnsConfig`, check)
  checkGates(spec, field, check)
  if (spec.topologySpreadConstraints) {
    checkSpread(spec.topologySpreadConstraints, `${field}.topologySpreadConstraints`, check)
  }
  checkHostProcess(spec, field, check)
  checkHostUsers(spec, field, check)
  checkNames(spec, field, check)
  if (spec.tolerations) checkTolerations(spec.tolerations, `${field}.tolerations`, check)
  checkHostAliases(spec, `${field}.hostAliases`, check)
  checkEnum(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], {
    field: `${field}.preemptionPolicy`,
    check,
    optional: true,
  })
  if (spec.overhead) {
    checkResources({ limits: spec.overhead }, { field: `${field}.overhead`, check })
  }
  checkOS(spec, field, check)
  return errors
}

/** A Pod that is about to be made. */
export function validatePod(pod: Pod): FieldError[] {
  const spec = pod.spec ?? { containers: [] }
  const errors = validatePodBody(pod)
  if (spec.ephemeralContainers?.length) {
    errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'))
  }
  if (spec.nodeName && spec.schedulingGates?.length) {
    const detail = 'cannot be set until all schedulingGates have been cleared'
    errors.push(forbiddenField('spec.nodeName', detail))
  }
  return errors
}

/** What holds for a Pod at any time. */
export function validatePodBody({ metadata, spec = { containers: [] } }: Pod): FieldError[] {
  const errors = validatePodAnnotations(metadata.annotations, spec, 'metadata.annotations')
  const podName = metadata.name ?? ''
  errors.push(...validatePodSpec(spec, { field: 'spec', isPod: true, podName }))
  if (spec.serviceAccountName) return errors
  spec.volumes?.forEach((volume, index) => {
    volume.projected?.sources?.forEach((source, position) => {
      if (!source.serviceAccountToken) return
      const at = `spec.volumes[${index}].projected.sources[${position}].serviceAccountToken`
      errors.push(forbiddenField(at, 'must not be specified when serviceAccountName is not set'))
    })
  })
  return errors
}

/** The template of a workload; `field` is where it stands, `spec.template`. */
export function validatePodTemplate(template: PodTemplateSpec, field: string): FieldError[] {
  const { metadata = {}, spec = { containers: [] } } = template
  return [
    ...validateLabels(metadata.labels ?? {}, `${field}.labels`),
    ...validateAnnotations(metadata.annotations ?? {}, `${field}.annotations`),
    ...validatePodAnnotations(metadata.annotations, spec, `${field}.annotations`),
    ...validatePodSpec(spec, { field: `${field}.spec` }),
    ...(spec.ephemeralContainers?.length
      ? [
          forbiddenField(
            `${field}.spec.ephemeralContainers`,
            'ephemeral containers not allowed in pod template',
          ),
        ]
      : []),
  ]
}

function checkNames(spec: PodSpec, field: string, check: PodCheck): void {
  const { errors } = check
  const names = [
    ['serviceAccountName', dns1123Subdomain],
    ['nodeName', dns1123Subdomain],
    ['hostname', dns1123Label],
    ['subdomain', dns1123Label],
    ['priorityClassName', dns1123Subdomain],
    ['runtimeClassName', dns1123Subdomain],
    ['hostnameOverride', dns1123Subdomain],
  ] as const
  for (const [name, rule] of names) {
    const value = spec[name]
    if (value) checkText(value, rule, { field: `${field}.${name}`, check })
  }
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined && (deadline < 1 || deadline > 2147483647)) {
    errors.push(invalidValue(`${field}.activeDeadlineSeconds`, deadline, rangeText(1, 2147483647)))
  }
}

function checkHostAliases({ hostAliases }: PodSpec, field: string, check: PodCheck): void {
  hostAliases?.forEach(({ ip, hostnames }, index) => {
    check.errors.push(...validateLegacyAddress(ip ?? '', `${field}[${index}].ip`))
    hostnames?.forEach((hostname, position) => {
      checkText(hostname, dns1123Subdomain, { field: `${field}[${index}].hostnames[${position}]`, check })
    })
  })
}

/** In templates a host port may be left out: the Pod gets it. */
function checkHostNetworkPorts({ containers }: PodSpec, field: string, check: PodCheck): void {
  containers.forEach(({ ports }, index) => {
    ports?.forEach(({ containerPort, hostPort = 0 }, position) => {
      if (hostPort === containerPort || (hostPort === 0 && !check.isPod)) return
      const at = `${field}.containers[${index}].ports[${position}].hostPort`
      const detail = 'must match `containerPort` when `hostNetwork` is true'
      check.errors.push(invalidValue(at, hostPort, detail))
    })
  })
}

function checkDNS({ dnsConfig, dnsPolicy }: PodSpec, field: string, check: PodCheck): void {
  const { errors } = check
  if (dnsPolicy === 'None' && !dnsConfig) {
    errors.push(required(field, 'must provide `dnsConfig` when `dnsPolicy` is None'))
    return
  }
  if (!dnsConfig) return
  const { nameservers = [], searches = [], options = [] } = dnsConfig
  if (dnsPolicy === 'None' && nameservers.length === 0) {
    const detail = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
    errors.push(required(`${field}.nameservers`, detail))
    return
  }
  if (nameservers.length > 3) {
    const detail = 'must not have more than 3 nameservers'
    errors.push(invalidValue(`${field}.nameservers`, nameservers, detail))
  }
  nameservers.forEach((server, index) => {
    errors.push(...validateLegacyAddress(server, `${field}.nameservers[${index}]`))
  })
  if (searches.length > 32) {
    const detail = 'must not have more than 32 search paths'
    errors.push(invalidValue(`${field}.searches`, searches, detail))
  }
  if (searches.join(' ').length > 2048) {
    const detail = 'must not have more than 2048 characters (including spaces) in the search list'
    errors.push(invalidValue(`${field}.searches`, searches, detail))
  }
  searches.forEach((search, index) => {
    if (search === '.') return
    const at = `${field}.searches[${index}]`
    checkText(search.replace(/\.$/, ''), dns1123SubdomainWithUnderscore, { field: at, check })
  })
  options.forEach(({ name }, index) => {
    if (!name) errors.push(required(`${field}.options[${index}]`, 'must not be empty'))
  })
}

function checkResourceClaims({ resourceClaims = [] }: PodSpec, field: string, check: PodCheck): void {
  const { errors } = check
  const seen = new Set<string>()
  resourceClaims.forEach((claim, index) => {
    const at = `${field}[${index}]`
    if (!claim.name) errors.push(required(`${at}.name`))
    else if (seen.has(claim.name)) errors.push(duplicate(`${at}.name`, claim.name))
    else checkText(claim.name, dns1123Label, { field: `${at}.name`, check })
    seen.add(claim.name)
    const { resourceClaimName: name, resourceClaimTemplateName: template } = claim
    if (name !== undefined && template !== undefined) {
      const detail = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'
      errors.push(invalidValue(at, claim, detail))
    }
    if (name === undefined && template === undefined) {
      const detail = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'
      errors.push(invalidValue(at, claim, detail))
    }
    if (name !== undefined) checkText(name, dns1123Subdomain, { field: `${at}.resourceClaimName`, check })
    if (template !== undefined) {
      checkText(template, dns1123Subdomain, { field: `${at}.resourceClaimTemplateName`, check })
    }
  })
}
