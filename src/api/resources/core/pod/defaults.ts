// What a Pod gets that its maker left out, in place. Follows upstream's pkg/apis/core/v1/defaults.go and
// its conversions: fields that Go never leaves out are present, fields that it leaves out when false are
// dropped.
import type {
  Container,
  EphemeralContainer,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Volume,
} from '../../../generated/types.ts'
import { formatQuantity } from '../../../meta/quantity.ts'
import { roundToMilli } from '../../resourcelist.ts'
import { aggregateRequests } from './aggregate.ts'
import { pullPolicyFor } from './image.ts'
import { defaultPodStatus } from './status.ts'

type AnyContainer = Container | EphemeralContainer

/** Of a Pod itself; more than a template gets. */
export function defaultPod(pod: Pod): void {
  pod.spec ??= { containers: [] }
  const { spec } = pod
  defaultPodSpec(spec)
  for (const container of spec.containers) defaultRequests(container)
  for (const container of spec.initContainers ?? []) defaultRequests(container)
  defaultPodRequests(spec)
  spec.enableServiceLinks ??= true
  if (spec.hostNetwork) {
    for (const container of spec.containers) defaultHostPorts(container)
    for (const container of spec.initContainers ?? []) defaultHostPorts(container)
  }
  pod.status ??= {}
  defaultPodStatus(pod.status)
}

/** Of the template in a Deployment, ReplicaSet, Job and so on. */
export function defaultPodTemplate(template: PodTemplateSpec): void {
  template.metadata ??= {}
  template.spec ??= { containers: [] }
  defaultPodSpec(template.spec)
}

export function defaultPodSpec(spec: PodSpec): void {
  spec.containers ??= []
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.restartPolicy ||= 'Always'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= 30
  spec.schedulerName ||= 'default-scheduler'
  if (spec.serviceAccountName || spec.serviceAccount) {
    spec.serviceAccountName ||= spec.serviceAccount
    spec.serviceAccount = spec.serviceAccountName
  }
  if (spec.hostNetwork === false) delete spec.hostNetwork
  if (spec.hostPID === false) delete spec.hostPID
  if (spec.hostIPC === false) delete spec.hostIPC
  for (const container of spec.containers) defaultContainer(container)
  for (const container of spec.initContainers ?? []) defaultContainer(container)
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container)
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
  if (spec.overhead) roundToMilli(spec.overhead)
}

function defaultContainer(container: AnyContainer): void {
  container.imagePullPolicy ||= pullPolicyFor(container.image ?? '')
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  container.resources ??= {}
  roundToMilli(container.resources.limits)
  roundToMilli(container.resources.requests)
  for (const port of container.ports ?? []) {
    port.protocol ||= 'TCP'
    if (port.hostPort === 0) delete port.hostPort
  }
  for (const variable of container.env ?? []) {
    const source = variable.valueFrom
    if (variable.value === '') delete variable.value
    if (source?.fieldRef) source.fieldRef.apiVersion ||= 'v1'
    if (source?.resourceFieldRef) source.resourceFieldRef.divisor ??= '0'
    if (source?.fileKeyRef) source.fileKeyRef.optional ??= false
  }
  for (const mount of container.volumeMounts ?? []) if (mount.readOnly === false) delete mount.readOnly
  if (container.stdin === false) delete container.stdin
  if (container.stdinOnce === false) delete container.stdinOnce
  if (container.tty === false) delete container.tty
  if (container.livenessProbe) defaultProbe(container.livenessProbe)
  if (container.readinessProbe) defaultProbe(container.readinessProbe)
  if (container.startupProbe) defaultProbe(container.startupProbe)
  defaultHTTPGet(container.lifecycle?.postStart?.httpGet)
  defaultHTTPGet(container.lifecycle?.preStop?.httpGet)
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  if (probe.initialDelaySeconds === 0) delete probe.initialDelaySeconds
  defaultHTTPGet(probe.httpGet)
  if (probe.grpc) probe.grpc.service ??= ''
}

function defaultHTTPGet(action: { path?: string; scheme?: string } | undefined): void {
  if (!action) return
  action.path ||= '/'
  action.scheme ||= 'HTTP'
}

/** Requests default to limits, in Pods only. */
function defaultRequests({ resources }: Container): void {
  if (!resources?.limits) return
  resources.requests ??= {}
  for (const name in resources.limits) resources.requests[name] ??= resources.limits[name]!
}

/** A Pod with limits as a whole asks for what its containers ask for, or else for its limits (KEP-2837). */
function defaultPodRequests(spec: PodSpec): void {
  const limits = spec.resources?.limits
  if (!limits || Object.keys(limits).length === 0) return
  const requests = { ...spec.resources?.requests }
  for (const [name, quantity] of aggregateRequests(spec)) {
    if (name === 'cpu' || name === 'memory') requests[name] ??= formatQuantity(quantity)
  }
  for (const name in limits) requests[name] ??= limits[name]!
  spec.resources = { ...spec.resources, requests }
}

function defaultHostPorts({ ports }: Container): void {
  for (const port of ports ?? []) port.hostPort ||= port.containerPort
}

const fileMode = 0o644

function defaultVolume(volume: Volume): void {
  let hasSource = false
  for (const name in volume) {
    if (name !== 'name' && volume[name as keyof Volume] !== undefined) hasSource = true
  }
  if (!hasSource) volume.emptyDir = {}
  if (volume.configMap) volume.configMap.defaultMode ??= fileMode
  if (volume.secret) volume.secret.defaultMode ??= fileMode
  if (volume.hostPath) volume.hostPath.type ??= ''
  if (volume.image) volume.image.pullPolicy ||= pullPolicyFor(volume.image.reference ?? '')
  if (volume.persistentVolumeClaim?.readOnly === false) delete volume.persistentVolumeClaim.readOnly
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= fileMode
    defaultDownwardItems(volume.downwardAPI.items)
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= fileMode
    for (const { downwardAPI, serviceAccountToken, podCertificate } of volume.projected.sources ?? []) {
      defaultDownwardItems(downwardAPI?.items)
      if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= 3600
      if (podCertificate) podCertificate.maxExpirationSeconds ??= 86400
    }
  }
  if (volume.ephemeral?.volumeClaimTemplate) {
    const { volumeClaimTemplate: template } = volume.ephemeral
    template.metadata ??= {}
    template.spec ??= {}
    template.spec.volumeMode ??= 'Filesystem'
  }
  defaultOldVolume(volume)
}

function defaultDownwardItems(items: NonNullable<Volume['downwardAPI']>['items']): void {
  for (const { fieldRef, resourceFieldRef } of items ?? []) {
    if (fieldRef) fieldRef.apiVersion ||= 'v1'
    if (resourceFieldRef) resourceFieldRef.divisor ??= '0'
  }
}

/** Sources that are still in the API though drivers outside of it do their work. */
function defaultOldVolume({ iscsi, rbd, azureDisk, scaleIO }: Volume): void {
  if (iscsi) iscsi.iscsiInterface ||= 'default'
  if (rbd) {
    rbd.pool ||= 'rbd'
    rbd.user ||= 'admin'
    rbd.keyring ||= '/etc/ceph/keyring'
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite'
    azureDisk.kind ??= 'Shared'
    azureDisk.fsType ??= 'ext4'
    azureDisk.readOnly ??= false
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned'
    scaleIO.fsType ||= 'xfs'
  }
}
