// What containers use, from the runtime's statistics.
import type { ContainerUsage, PodUsage } from '../../api/kubeletapi.ts'
import type { PodRecord } from './podrecords.ts'
import type { CRIContainerStats } from './runtimeapi.ts'

/** Of containers that run; the rest has nothing to say. */
export function podUsage(stats: readonly CRIContainerStats[], pods: Iterable<PodRecord>): PodUsage[] {
  const byId = new Map(stats.map(stat => [stat.attributes?.id, stat]))
  return [...pods].map(({ identity, lastRuns }) => ({
    ...identity,
    containers: lastRuns.flatMap(({ id, name, run }): ContainerUsage[] => {
      const { cpu, memory } = byId.get(id) ?? {}
      if (!cpu || run.exit) return []
      return [
        {
          name,
          timeMs: cpu.timestamp / 1_000_000,
          startedAt: run.startedAt,
          cpuNanoseconds: cpu.usageCoreNanoSeconds?.value ?? 0,
          memoryWorkingSetBytes: memory?.workingSetBytes?.value ?? 0,
        },
      ]
    }),
  }))
}
