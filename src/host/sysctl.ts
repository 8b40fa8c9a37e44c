// Kernel settings, read and written through sysctl(8), so that those of a network namespace are reached by
// an Exec that is bound to it.
import { type Exec, ExecError } from './exec.ts'

/** Keys as sysctl has them: `net.ipv6.conf.all.forwarding`. */
export type Sysctls = Readonly<Record<string, string>>

/** Of these the ones that the kernel has. */
export async function readSysctls(exec: Exec, keys: readonly string[]): Promise<Sysctls> {
  const output = await exec.run('sysctl', ['-e', ...keys]).catch(error => {
    if (error instanceof ExecError && error.code === undefined) return error
    throw error
  })
  const lines = (output.stdout as string).split('\n').flatMap(line => {
    const match = /^(\S+) = (.*)$/.exec(line)
    return match ? [[match[1]!, match[2]!] as const] : []
  })
  return Object.fromEntries(lines)
}

/** Writes them in one process; throws ExecError when one is refused. */
export async function writeSysctls(exec: Exec, values: Sysctls): Promise<void> {
  const settings = Object.entries(values).map(([key, value]) => `${key}=${value}`)
  if (settings.length > 0) await exec.run('sysctl', ['-q', '-w', ...settings])
}

/** What a namespace needs that passes packets on, whatever its families. */
export const forwarding: Sysctls = {
  'net.ipv4.ip_forward': '1',
  'net.ipv6.conf.all.forwarding': '1',
  'net.ipv6.conf.default.forwarding': '1',
}
