// What a machine is and has, as a node reports it: processors, memory, disk, kernel and identity.
import { readFileSync, statfsSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'

export interface Machine {
  readonly processors: number
  readonly memoryBytes: number
  /** Of the file system that holds the folder. */
  readonly diskBytes: number
  /** As Go names it: `amd64`, `arm64`. */
  readonly architecture: string
  readonly kernelVersion: string
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly osImage: string
  /** Empty where the machine has none. */
  readonly machineID: string
  readonly systemUUID: string
  readonly bootID: string
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

/** The first of the files that there is. */
function firstOf(...paths: readonly string[]): string {
  for (const path of paths) {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      // Not every machine has every one.
    }
  }
  return ''
}

/** The value of PRETTY_NAME in the text of an os-release(5) file. */
export const prettyName = (osRelease: string): string =>
  /^PRETTY_NAME=(?:"([^"]*)"|'([^']*)'|(\S*))$/m.exec(osRelease)?.slice(1).find(Boolean) ?? ''

/** `folder` must exist. */
export function readMachine(folder: string): Machine {
  const { blocks, bsize } = statfsSync(folder)
  const machineID = firstOf('/etc/machine-id', '/var/lib/dbus/machine-id')
  return {
    processors: cpus().length,
    memoryBytes: totalmem(),
    diskBytes: blocks * bsize,
    architecture: architectures[arch()] ?? arch(),
    kernelVersion: release(),
    osImage: prettyName(firstOf('/etc/os-release', '/usr/lib/os-release')),
    machineID,
    systemUUID: firstOf('/sys/class/dmi/id/product_uuid') || machineID,
    bootID: firstOf('/proc/sys/kernel/random/boot_id'),
  }
}

export interface MachineUsage {
  /** Of all processors together, since the machine was started. */
  readonly cpuNanoseconds: number
  /** Without what could be freed at once. */
  readonly memoryWorkingSetBytes: number
  /** RFC 3339. */
  readonly startedAt: string
}

/** The clock ticks of /proc/stat: USER_HZ, 100 a second on every Linux. */
const nanosecondsPerTick = 10_000_000

const fieldOf = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0)

/** From the texts of /proc/stat and /proc/meminfo (proc(5)). */
export function parseMachineUsage(stat: string, meminfo: string): MachineUsage {
  const [, ticks = ''] = /^cpu +(.*)$/m.exec(stat) ?? []
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = ticks.split(' ').map(Number)
  const kibibytes = fieldOf(meminfo, /^MemTotal: +(\d+)/m) - fieldOf(meminfo, /^MemAvailable: +(\d+)/m)
  return {
    cpuNanoseconds: (user + nice + system + irq + softirq) * nanosecondsPerTick,
    memoryWorkingSetBytes: kibibytes * 1024,
    startedAt: new Date(fieldOf(stat, /^btime (\d+)/m) * 1000).toISOString().replace(/\.\d+/, ''),
  }
}

export const readMachineUsage = (): MachineUsage =>
  parseMachineUsage(firstOf('/proc/stat'), firstOf('/proc/meminfo'))
