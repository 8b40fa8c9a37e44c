// Volume sources that need a storage system outside of the cluster: what each cannot be without.
import { invalidValue, required } from '../../../../fields.ts'
import type { Volume } from '../../../../generated/types.ts'
import { dns1123Subdomain, rangeText } from '../../../../meta/names.ts'
import { checkDescendingPath, checkText, type PodCheck } from './check.ts'
import type { VolumeSource } from './volumes.ts'

/** Fields that must not be empty, by source. */
const needed: Partial<Record<VolumeSource, readonly string[]>> = {
  gitRepo: ['repository'],
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  nfs: ['server', 'path'],
  iscsi: ['targetPortal', 'iqn'],
  glusterfs: ['endpoints', 'path'],
  rbd: ['monitors', 'image'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  quobyte: ['registry', 'volume'],
  flexVolume: ['driver'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  csi: ['driver'],
}

export function checkOtherSource(
  volume: Volume,
  source: VolumeSource,
  { field, check }: { field: string; check: PodCheck },
): void {
  const { errors } = check
  const values = volume[source] as Readonly<Record<string, unknown>>
  for (const name of needed[source] ?? []) {
    const value = values[name] as string | readonly string[] | undefined
    if (value === undefined || value.length === 0) errors.push(required(`${field}.${name}`))
  }
  switch (source) {
    case 'gitRepo':
      checkDescendingPath(volume.gitRepo?.directory ?? '', `${field}.directory`, check)
      break
    case 'nfs':
      if (!volume.nfs?.path?.startsWith('/')) {
        errors.push(invalidValue(`${field}.path`, volume.nfs?.path ?? '', 'must be an absolute path'))
      }
      break
    case 'gcePersistentDisk':
    case 'awsElasticBlockStore': {
      const partition = volume[source]?.partition ?? 0
      if (partition < 0 || partition > 255) {
        errors.push(invalidValue(`${field}.partition`, partition, rangeText(1, 255)))
      }
      break
    }
    case 'fc':
      checkFibreChannel(volume, field, check)
      break
    case 'flocker':
      checkFlocker(volume, field, check)
      break
    case 'csi':
      if (volume.csi?.driver) {
        checkText(volume.csi.driver.toLowerCase(), dns1123Subdomain, { field: `${field}.driver`, check })
      }
      if (volume.csi?.nodePublishSecretRef && !volume.csi.nodePublishSecretRef.name) {
        errors.push(required(`${field}.nodePublishSecretRef.name`))
      }
      break
    default:
  }
}

function checkFibreChannel({ fc }: Volume, field: string, { errors }: PodCheck): void {
  const names = fc?.targetWWNs ?? []
  const ids = fc?.wwids ?? []
  if (names.length === 0 && ids.length === 0) {
    errors.push(required(`${field}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'))
  }
  if (names.length > 0 && ids.length > 0) {
    const detail = 'targetWWNs and wwids can not be specified simultaneously'
    errors.push(invalidValue(`${field}.targetWWNs`, names, detail))
  }
  if (names.length === 0) return
  if (fc?.lun === undefined)
    errors.push(required(`${field}.lun`, 'lun is required if targetWWNs is specified'))
  else if (fc.lun < 0 || fc.lun > 255) errors.push(invalidValue(`${field}.lun`, fc.lun, rangeText(0, 255)))
}

function checkFlocker({ flocker }: Volume, field: string, { errors }: PodCheck): void {
  const { datasetName = '', datasetUUID = '' } = flocker ?? {}
  if (datasetName === '' && datasetUUID === '') {
    errors.push(required(field, 'one of datasetName and datasetUUID is required'))
  }
  if (datasetName !== '' && datasetUUID !== '') {
    const detail = 'datasetName and datasetUUID can not be specified simultaneously'
    errors.push(invalidValue(field, 'resource', detail))
  }
  if (datasetName.includes('/')) {
    errors.push(invalidValue(`${field}.datasetName`, datasetName, "must not contain '/'"))
  }
}
