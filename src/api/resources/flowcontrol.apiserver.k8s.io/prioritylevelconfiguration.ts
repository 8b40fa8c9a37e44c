// PriorityLevelConfiguration: how many requests of a priority level are served at a time (KEP-1040).
import type { PriorityLevelConfiguration } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

type Level = PriorityLevelConfiguration

const limited = ({ spec }: Level) => spec?.limited
const queuing = (level: Level) => limited(level)?.limitResponse?.queuing
const shares = ({ spec }: Level) =>
  spec?.limited?.nominalConcurrencyShares ?? spec?.exempt?.nominalConcurrencyShares

function defaultLevel({ spec }: Level): void {
  if (spec?.exempt) {
    spec.exempt.nominalConcurrencyShares ??= 0
    spec.exempt.lendablePercent ??= 0
  }
  if (!spec?.limited) return
  spec.limited.nominalConcurrencyShares ??= 30
  spec.limited.lendablePercent ??= 0
  const { queuing } = spec.limited.limitResponse ?? {}
  if (!queuing) return
  queuing.handSize ||= 8
  queuing.queues ||= 64
  queuing.queueLengthLimit ||= 50
}

export const priorityLevelConfigurations = defineResource<Level>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  resource: 'prioritylevelconfigurations',
  namespaced: false,
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Type', level => level.spec?.type ?? ''),
    column('NominalConcurrencyShares', level => shares(level) ?? '<none>'),
    column('Queues', level => queuing(level)?.queues ?? '<none>'),
    column('HandSize', level => queuing(level)?.handSize ?? '<none>'),
    column('QueueLengthLimit', level => queuing(level)?.queueLengthLimit ?? '<none>'),
    ageColumn,
  ],
  default: defaultLevel,
})
