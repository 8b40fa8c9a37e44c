// Where egress checks send to: the targets of --egress-target, and which of them are the defaults, which an
// air-gapped cluster cannot be blamed for not reaching.
import type { IPFamily } from '../ip/family.ts'
import { splitHostPort } from '../ip/hostport.ts'
import { defaultSettings, type VerifySettings } from './settings.ts'

export interface EgressTarget {
  readonly family: IPFamily
  readonly address: string
  readonly port: number
  readonly isDefault: boolean
}

type Targeted = Pick<VerifySettings, 'egressTargets'>

export const egressTargets = ({ egressTargets }: Targeted, families: readonly IPFamily[]): EgressTarget[] =>
  families.flatMap(family => {
    const target = egressTargets?.[family]
    const split = target === undefined ? undefined : splitHostPort(target)
    if (!split) return []
    const isDefault = target === defaultSettings.egressTargets?.[family]
    return [{ family, address: split.host, port: Number(split.port), isDefault }]
  })
