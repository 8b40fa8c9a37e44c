// Where containers mount the Pod's volumes, as file systems and as block devices.
import { forbiddenField, invalidValue, notFoundValue, notSupported, required } from '../../../../fields.ts'
import type { Container, VolumeMount } from '../../../../generated/types.ts'
import { checkDescendingPath, type PodCheck } from './check.ts'

type Mounting = Pick<Container, 'volumeMounts' | 'volumeDevices' | 'securityContext'>

export function checkMounts(container: Mounting, field: string, check: PodCheck): void {
  const { volumeMounts, volumeDevices = [] } = container
  const { errors, volumes } = check
  const paths = new Set<string>()
  volumeMounts?.forEach((mount, index) => {
    const at = `${field}.volumeMounts[${index}]`
    const { name = '', mountPath = '' } = mount
    if (name === '') errors.push(required(`${at}.name`))
    if (!volumes.has(name)) errors.push(notFoundValue(`${at}.name`, name))
    if (mountPath === '') errors.push(required(`${at}.mountPath`))
    if (paths.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'))
    paths.add(mountPath)
    if (volumeDevices.some(device => device.name === name)) {
      errors.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeDevices'))
    }
    if (volumeDevices.some(device => device.devicePath === mountPath)) {
      const detail = 'must not already exist as a path in volumeDevices'
      errors.push(invalidValue(`${at}.mountPath`, mountPath, detail))
    }
    checkSubPaths(mount, { at, field: `${field}.volumeMounts`, check })
    checkPropagation(mount, container, { field: `${field}.volumeMounts`, check })
  })
  if (volumeDevices.length > 0) checkDevices(container, `${field}.volumeDevices`, check)
}

function checkSubPaths(
  mount: VolumeMount,
  { at, field, check }: { at: string; field: string; check: PodCheck },
) {
  const { subPath = '', subPathExpr = '' } = mount
  if (subPath !== '') checkDescendingPath(subPath, `${field}.subPath`, check)
  if (subPathExpr === '') return
  if (subPath !== '') {
    const detail = 'subPathExpr and subPath are mutually exclusive'
    check.errors.push(invalidValue(`${at}.subPathExpr`, subPathExpr, detail))
  }
  checkDescendingPath(subPathExpr, `${field}.subPathExpr`, check)
}

const propagations = ['Bidirectional', 'HostToContainer', 'None']
const recursions = ['Disabled', 'Enabled', 'IfPossible']

function checkPropagation(
  { mountPropagation, recursiveReadOnly, readOnly }: VolumeMount,
  container: Mounting,
  { field, check: { errors } }: { field: string; check: PodCheck },
): void {
  if (mountPropagation !== undefined) {
    const at = `${field}.mountPropagation`
    if (!propagations.includes(mountPropagation)) {
      errors.push(notSupported(at, mountPropagation, propagations))
    }
    if (mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true) {
      const detail = 'Bidirectional mount propagation is available only to privileged containers'
      errors.push(forbiddenField(at, detail))
    }
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return
  const at = `${field}.recursiveReadOnly`
  if (!recursions.includes(recursiveReadOnly)) {
    errors.push(notSupported(at, recursiveReadOnly, recursions))
    return
  }
  if (!readOnly) errors.push(forbiddenField(at, 'may only be specified when readOnly is true'))
  if (mountPropagation !== undefined && mountPropagation !== 'None') {
    const detail = 'may only be specified when mountPropagation is None or not specified'
    errors.push(forbiddenField(at, detail))
  }
}

function checkDevices({ volumeDevices = [], volumeMounts = [] }: Mounting, field: string, check: PodCheck) {
  const { errors, volumes } = check
  const names = new Set<string>()
  const paths = new Set<string>()
  volumeDevices.forEach(({ name = '', devicePath = '' }, index) => {
    const at = `${field}[${index}]`
    const volume = volumes.get(name)
    if (name === '') errors.push(required(`${at}.name`))
    if (names.has(name)) errors.push(invalidValue(`${at}.name`, name, 'must be unique'))
    if (!volume) errors.push(notFoundValue(`${at}.name`, name))
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      const detail = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'
      errors.push(invalidValue(`${at}.name`, name, detail))
    }
    if (devicePath === '') errors.push(required(`${at}.devicePath`))
    if (paths.has(devicePath)) errors.push(invalidValue(`${at}.devicePath`, devicePath, 'must be unique'))
    if (devicePath.split('/').includes('..')) {
      errors.push(invalidValue(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"))
    } else paths.add(devicePath)
    if (volumeMounts.some(mount => mount.name === name)) {
      errors.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeMounts'))
    }
    if (volumeMounts.some(mount => mount.mountPath === devicePath)) {
      const detail = 'must not already exist as a path in volumeMounts'
      errors.push(invalidValue(`${at}.devicePath`, devicePath, detail))
    }
    if (name !== '') names.add(name)
  })
}
