// The flow schemas and priority levels in force, read from the API's objects and made anew when those have
// changed. Without objects, administrators are exempt and all others share what catch-all leaves them.
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/generated/types.ts'
import type { Clock } from '../../component/clock.ts'
import type { RegistryLookup, RequestContext, StoredObject, User } from '../registry/registry.ts'
import type { RequestInfo } from '../requestinfo.ts'
import { bootstrapLevels, bootstrapSchemas } from './bootstrapflows.ts'
import { distinguisherOf, matches } from './flowmatch.ts'
import { type LevelLimits, PriorityLevel } from './prioritylevel.ts'

export interface Flow {
  readonly level: PriorityLevel
  readonly levelName: string
  readonly schemaName: string
  /** Of schema and level. */
  readonly uids: readonly [string, string]
  /** What distinguishes it from other flows of the level. */
  readonly key: string
}

interface Row {
  readonly schema: FlowSchema
  readonly level: PriorityLevel
  readonly levelName: string
  readonly uids: readonly [string, string]
}

const group = 'flowcontrol.apiserver.k8s.io'
const context: RequestContext = {
  user: { name: 'system:apiserver', groups: ['system:masters'] },
  warn: () => undefined,
}

/** In force also when the objects are gone. */
const mandatory = ['exempt', 'catch-all']

const nameOf = (object: FlowSchema | PriorityLevelConfiguration) => object.metadata.name ?? ''
const precedenceOf = ({ spec }: FlowSchema) => spec?.matchingPrecedence ?? 1000

export interface FlowsOptions {
  readonly lookup: RegistryLookup
  readonly clock: Clock
  /** How many requests may be in the making at once, of all levels together. */
  readonly totalSeats: number
  /** How long one may wait for a seat. */
  readonly waitMs: number
}

export class Flows {
  readonly #options: FlowsOptions
  readonly #levels = new Map<string, PriorityLevel>()
  #seen: readonly (readonly StoredObject[])[] = []
  #rows: readonly Row[] = []

  constructor(options: FlowsOptions) {
    this.#options = options
    this.#apply([], [])
  }

  get levels(): ReadonlyMap<string, PriorityLevel> {
    return this.#levels
  }

  async of(user: User, info: RequestInfo): Promise<Flow> {
    await this.#refresh()
    const row = this.#rows.find(({ schema }) => matches(schema, user, info)) ?? this.#rows.at(-1)!
    const { schema, level, levelName, uids } = row
    const schemaName = nameOf(schema)
    const key = `${schemaName}\0${distinguisherOf(schema, user, info)}`
    return { level, levelName, schemaName, uids, key }
  }

  async #refresh() {
    const list = async (resource: string) =>
      (await this.#options.lookup(group, 'v1', resource)?.list(context, {}))?.items ?? []
    const seen = [await list('flowschemas'), await list('prioritylevelconfigurations')]
    if (seen.every((items, index) => items === this.#seen[index])) return
    this.#seen = seen
    const [schemas = [], levels = []] = seen
    this.#apply(
      schemas.map(({ object }) => object as FlowSchema),
      levels.map(({ object }) => object as PriorityLevelConfiguration),
    )
  }

  #apply(schemas: readonly FlowSchema[], levels: readonly PriorityLevelConfiguration[]) {
    const withMandatory = <T extends FlowSchema | PriorityLevelConfiguration>(
      found: readonly T[],
      own: T[],
    ) => [
      ...found,
      ...own.filter(one => mandatory.includes(nameOf(one)) && !found.some(it => nameOf(it) === nameOf(one))),
    ]
    const allLevels = withMandatory(levels, bootstrapLevels(0))
    const shares = allLevels.reduce((sum, { spec }) => sum + sharesOf(spec), 0)
    for (const each of allLevels)
      this.#configure(nameOf(each), limitsOf(each, this.#options.totalSeats / shares))
    for (const name of this.#levels.keys()) {
      if (!allLevels.some(level => nameOf(level) === name)) this.#levels.delete(name)
    }
    this.#rows = withMandatory(schemas, bootstrapSchemas(0))
      .sort((a, b) => precedenceOf(a) - precedenceOf(b) || (nameOf(a) < nameOf(b) ? -1 : 1))
      .flatMap(schema => {
        const levelName = schema.spec?.priorityLevelConfiguration.name ?? ''
        const of = allLevels.find(level => nameOf(level) === levelName)
        const level = this.#levels.get(levelName)
        if (!of || !level) return []
        return [
          { schema, level, levelName, uids: [schema.metadata.uid ?? '', of.metadata.uid ?? ''] as const },
        ]
      })
  }

  #configure(name: string, limits: LevelLimits) {
    const known = this.#levels.get(name)
    if (known) known.configure(limits)
    else this.#levels.set(name, new PriorityLevel(limits, this.#options))
  }
}

type Spec = PriorityLevelConfiguration['spec']

const sharesOf = (spec: Spec): number =>
  spec?.type === 'Exempt' ? 0 : (spec?.limited?.nominalConcurrencyShares ?? 30)

function limitsOf({ spec }: PriorityLevelConfiguration, seatsPerShare: number): LevelLimits {
  if (spec?.type === 'Exempt') return { seats: Number.POSITIVE_INFINITY }
  const seats = Math.ceil(sharesOf(spec) * seatsPerShare)
  const { type, queuing } = spec?.limited?.limitResponse ?? {}
  if (type !== 'Queue') return { seats }
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = queuing ?? {}
  return { seats, queuing: { queues, handSize: Math.min(handSize, queues), queueLengthLimit } }
}
