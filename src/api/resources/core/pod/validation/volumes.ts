// The volumes of a Pod: one source each, with what that source needs.
import { duplicate, forbiddenField, invalidValue, notSupported, required } from '../../../../fields.ts'
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  Volume,
  VolumeProjection,
} from '../../../../generated/types.ts'
import { dns1123Label, dns1123Subdomain } from '../../../../meta/names.ts'
import { validateLabels } from '../../../../meta/objectmeta.ts'
import { parseQuantity } from '../../../../meta/quantity.ts'
import { checkEnum, checkFilePath, checkMode, checkNoBacksteps, checkText, type PodCheck } from './check.ts'
import { checkFieldRef, checkResourceRef, volumeFields } from './env.ts'
import { checkOtherSource } from './othervolumes.ts'

/** Also fills in `check.volumes`, which the checks of containers go by. */
export function checkVolumes(volumes: readonly Volume[], field: string, check: PodCheck): void {
  const { errors, podName } = check
  const made = new Set<string>()
  if (podName !== '') {
    for (const volume of volumes) if (volume.ephemeral) made.add(`${podName}-${volume.name}`)
  }
  volumes.forEach((volume, index) => {
    const at = `${field}[${index}]`
    const before = errors.length
    checkSource(volume, at, check)
    if (!volume.name) errors.push(required(`${at}.name`))
    else checkText(volume.name, dns1123Label, { field: `${at}.name`, check })
    if (check.volumes.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name))
    if (errors.length === before) check.volumes.set(volume.name, volume)
    const claim = volume.persistentVolumeClaim?.claimName
    if (claim !== undefined && made.has(claim)) {
      const detail = 'must not reference a PVC that gets created for an ephemeral volume'
      errors.push(invalidValue(`${at}.persistentVolumeClaim.claimName`, claim, detail))
    }
  })
}

/** In the order in which the API looks at them. */
const sources = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
] as const
export type VolumeSource = (typeof sources)[number]

function checkSource(volume: Volume, field: string, check: PodCheck): void {
  let found = 0
  for (const source of sources) {
    if (volume[source] === undefined) continue
    if (found++ === 0) checkOneSource(volume, source, { field: `${field}.${source}`, check })
    else check.errors.push(forbiddenField(`${field}.${source}`, 'may not specify more than 1 volume type'))
  }
  if (found === 0) check.errors.push(required(field, 'must specify a volume type'))
}

function checkOneSource(volume: Volume, source: VolumeSource, options: { field: string; check: PodCheck }) {
  const { field, check } = options
  const { errors } = check
  switch (source) {
    case 'emptyDir': {
      const limit = volume.emptyDir?.sizeLimit
      if (limit !== undefined && parseQuantity(limit).value < 0n) {
        const detail = 'SizeLimit field must be a valid resource quantity'
        errors.push(forbiddenField(`${field}.sizeLimit`, detail))
      }
      break
    }
    case 'configMap':
      if (!volume.configMap?.name) errors.push(required(`${field}.name`))
      checkMode(volume.configMap?.defaultMode, `${field}.defaultMode`, check)
      checkItems(volume.configMap?.items ?? [], `${field}.items`, check)
      break
    case 'secret':
      if (!volume.secret?.secretName) errors.push(required(`${field}.secretName`))
      checkMode(volume.secret?.defaultMode, `${field}.defaultMode`, check)
      checkItems(volume.secret?.items ?? [], `${field}.items`, check)
      break
    case 'hostPath':
      checkHostPath(volume, field, check)
      break
    case 'downwardAPI':
      checkMode(volume.downwardAPI?.defaultMode, `${field}.defaultMode`, check)
      for (const file of volume.downwardAPI?.items ?? []) checkDownwardFile(file, field, check)
      break
    case 'projected':
      checkMode(volume.projected?.defaultMode, `${field}.defaultMode`, check)
      checkProjections(volume.projected?.sources ?? [], field, check)
      break
    case 'persistentVolumeClaim':
      if (!volume.persistentVolumeClaim?.claimName) errors.push(required(`${field}.claimName`))
      break
    case 'ephemeral':
      checkEphemeral(volume, field, check)
      break
    case 'image':
      if (check.isPod && !volume.image?.reference) errors.push(required(`${field}.reference`))
      checkEnum(volume.image?.pullPolicy, ['Always', 'IfNotPresent', 'Never'], {
        field: `${field}.pullPolicy`,
        check,
      })
      break
    default:
      checkOtherSource(volume, source, options)
  }
}

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

function checkHostPath({ hostPath }: Volume, field: string, check: PodCheck): void {
  if (!hostPath?.path) {
    check.errors.push(required(`${field}.path`))
    return
  }
  checkNoBacksteps(hostPath.path, `${field}.path`, check)
  checkEnum(hostPath.type, hostPathTypes, { field: `${field}.type`, check, optional: true })
}

function checkItems(items: readonly KeyToPath[], field: string, check: PodCheck): void {
  items.forEach(({ key, path, mode }, index) => {
    const at = `${field}[${index}]`
    if (!key) check.errors.push(required(`${at}.key`))
    if (!path) check.errors.push(required(`${at}.path`))
    checkFilePath(path ?? '', `${at}.path`, check)
    checkMode(mode, `${at}.mode`, check)
  })
}

function checkDownwardFile(file: DownwardAPIVolumeFile, field: string, check: PodCheck): void {
  const { path, fieldRef, resourceFieldRef, mode } = file
  if (!path) check.errors.push(required(`${field}.path`))
  checkFilePath(path ?? '', `${field}.path`, check)
  if (fieldRef) {
    checkFieldRef(fieldRef, volumeFields, { field: `${field}.fieldRef`, check })
    if (resourceFieldRef) {
      const detail = 'fieldRef and resourceFieldRef can not be specified simultaneously'
      check.errors.push(invalidValue(field, 'resource', detail))
    }
  } else if (resourceFieldRef) {
    checkResourceRef(resourceFieldRef, { field: `${field}.resourceFieldRef`, check, isVolume: true })
  } else check.errors.push(required(field, 'one of fieldRef and resourceFieldRef is required'))
  checkMode(mode, `${field}.mode`, check)
}

function checkProjections(projections: readonly VolumeProjection[], field: string, check: PodCheck): void {
  const { errors } = check
  const paths = new Set<string>()
  const take = (path: string, shown: string) => {
    if (path === '') return
    if (paths.has(path)) errors.push(invalidValue(field, shown, 'conflicting duplicate paths'))
    paths.add(path)
  }
  projections.forEach((projection, index) => {
    const at = `${field}.sources[${index}]`
    for (const kind of ['secret', 'configMap'] as const) {
      const source = projection[kind]
      if (!source) continue
      if (!source.name) errors.push(required(`${at}.${kind}.name`))
      checkItems(source.items ?? [], `${at}.${kind}.items`, check)
      for (const { path } of source.items ?? []) take(path ?? '', source.name ?? '')
    }
    for (const file of projection.downwardAPI?.items ?? []) {
      checkDownwardFile(file, `${at}.downwardAPI`, check)
      take(file.path ?? '', file.path ?? '')
    }
    checkToken(projection, at, { field, check })
    checkTrustBundle(projection, at, check)
    for (const path of checkPodCertificate(projection, at, check)) take(path, path)
    if (projection.clusterTrustBundle) {
      take(projection.clusterTrustBundle.path ?? '', projection.clusterTrustBundle.path ?? '')
    }
    if (Object.values(projection).filter(source => source !== undefined).length > 1) {
      errors.push(forbiddenField(at, 'may not specify more than 1 volume type per source'))
    }
  })
}

function checkToken(
  { serviceAccountToken: token }: VolumeProjection,
  at: string,
  { field, check }: { field: string; check: PodCheck },
): void {
  if (!token) return
  const seconds = token.expirationSeconds ?? 0
  const where = `${at}.serviceAccountToken.expirationSeconds`
  if (seconds < 600) {
    check.errors.push(invalidValue(where, seconds, 'may not specify a duration less than 10 minutes'))
  }
  if (seconds > 2 ** 32) {
    check.errors.push(invalidValue(where, seconds, 'may not specify a duration larger than 2^32 seconds'))
  }
  if (!token.path) check.errors.push(required(`${field}.path`))
  else checkFilePath(token.path, `${field}.path`, check)
}

function checkTrustBundle({ clusterTrustBundle: bundle }: VolumeProjection, at: string, check: PodCheck) {
  if (!bundle) return
  const { errors } = check
  const field = `${at}.clusterTrustBundle`
  if (bundle.name !== undefined && bundle.signerName !== undefined) {
    errors.push(invalidValue(field, bundle, 'only one of name and signerName may be used'))
  } else if (bundle.name !== undefined) {
    if (bundle.name === '') errors.push(required(`${field}.name`, 'must be a valid object name'))
    if (bundle.labelSelector) {
      const detail = 'labelSelector must be unset if name is specified'
      errors.push(invalidValue(`${field}.labelSelector`, bundle.labelSelector, detail))
    }
  } else if (bundle.signerName !== undefined) {
    if (bundle.signerName === '') errors.push(required(`${field}.signerName`, 'must be a valid signer name'))
  } else errors.push(required(field, 'either name or signerName must be specified'))
  if (!bundle.path) errors.push(required(`${field}.path`))
  checkFilePath(bundle.path ?? '', `${field}.path`, check)
}

const keyTypes = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519']

/** A key and certificate for the Pod (KEP-4317); returns the paths that it takes. */
function checkPodCertificate(
  { podCertificate: source }: VolumeProjection,
  at: string,
  check: PodCheck,
): string[] {
  if (!source) return []
  const field = `${at}.podCertificate`
  if (!source.signerName) check.errors.push(required(`${field}.signerName`))
  if (!keyTypes.includes(source.keyType)) {
    check.errors.push(notSupported(`${field}.keyType`, source.keyType ?? '', keyTypes))
  }
  const names = ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const
  const used = names.filter(name => source[name])
  if (used.length === 0) {
    const detail = 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'
    check.errors.push(required(field, detail))
  }
  for (const name of used) checkFilePath(source[name]!, `${field}.${name}`, check)
  return used.map(name => source[name]!)
}

function checkEphemeral(volume: Volume, field: string, check: PodCheck): void {
  const template = volume.ephemeral?.volumeClaimTemplate
  if (!template) {
    check.errors.push(required(`${field}.volumeClaimTemplate`))
    return
  }
  const at = `${field}.volumeClaimTemplate`
  check.errors.push(...validateLabels(template.metadata?.labels ?? {}, `${at}.metadata.labels`))
  if (!template.spec?.accessModes?.length) {
    check.errors.push(required(`${at}.spec.accessModes`, 'at least 1 access mode is required'))
  }
  if (!template.spec?.resources?.requests?.storage) {
    check.errors.push(required(`${at}.spec.resources[storage]`))
  }
  if (check.podName === '' || !volume.name) return
  const name = `${check.podName}-${volume.name}`
  for (const problem of dns1123Subdomain(name)) {
    const detail = `PVC name ${JSON.stringify(name)}: ${problem}`
    check.errors.push(invalidValue(`${field.slice(0, -'.ephemeral'.length)}.name`, volume.name, detail))
  }
}
