// What the parts of the CRI runtime share: how they reach the runtime and where a node keeps its files.
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/log.ts'
import type { RuntimePod } from '../runtime.ts'
import { logPath } from './containerconfig.ts'
import type { CRIClient } from './criclient.ts'
import type { Images } from './images.ts'
import type { Inventory } from './inventory.ts'
import { logFolder } from './sandboxconfig.ts'

export interface CRISettings {
  readonly client: CRIClient
  readonly clock: Clock
  readonly log: Logger
  readonly inventory: Inventory
  readonly images: Images
  /** The kubelet's own folder. */
  readonly rootDir: string
  readonly logsRoot: string
  /** Below which each Pod has a cgroup; empty: the runtime's own choice. */
  readonly cgroupParent: string
  readonly nodeMemoryBytes: number
  readonly isCgroup2: boolean
}

/** Of one Pod's containers: what they leave besides their logs. */
export const containersFolder = ({ rootDir }: CRISettings, uid: string): string =>
  `${rootDir}/pods/${uid}/containers`

export const podCgroup = ({ cgroupParent }: CRISettings, uid: string): string =>
  cgroupParent === '' ? '' : `${cgroupParent}/pod${uid}`

export const logFile = (
  { logsRoot }: CRISettings,
  pod: RuntimePod,
  { name, attempt }: { readonly name: string; readonly attempt: number },
): string => `${logsRoot}/${logFolder(pod)}/${logPath(name, attempt)}`
