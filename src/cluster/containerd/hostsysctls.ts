// Kernel settings of the host that nodes need: it passes on packets of the cluster's families. What they
// were before the first cluster came is kept, and put back when the last one leaves.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Exec } from '../../host/exec.ts'
import { listRoutes } from '../../host/route.ts'
import { forwarding, readSysctls, type Sysctls, writeSysctls } from '../../host/sysctl.ts'
import { runRoot } from './hostnames.ts'
import { readHostRecords } from './hostrecord.ts'

const savedPath = (root: string) => join(root, 'sysctls.json')

const readSaved = (root: string): Sysctls =>
  existsSync(savedPath(root)) ? (JSON.parse(readFileSync(savedPath(root), 'utf8')) as Sysctls) : {}

/** As sysctl writes it: a dot in a link's name becomes a slash. */
const acceptRA = (link: string) => `net.ipv6.conf.${link.replaceAll('.', '/')}.accept_ra`

/**
 * A host that forwards no longer listens to routers: the links over which it found its way are told to go
 * on, or it would be lost.
 */
async function planAdvertisements(exec: Exec): Promise<Sysctls> {
  const learned = await listRoutes(exec, 'ra')
  const keys = learned.flatMap(({ link }) => (link ? [acceptRA(link)] : []))
  if (keys.length === 0) return {}
  const current = await readSysctls(exec, keys)
  return Object.fromEntries(keys.filter(key => current[key] === '1').map(key => [key, '2']))
}

/** Switches forwarding on; writes down first what was different. */
export async function prepareHostSysctls(exec: Exec, root = runRoot): Promise<void> {
  const wanted = { ...(await planAdvertisements(exec)), ...forwarding }
  const current = await readSysctls(exec, Object.keys(wanted))
  const different = Object.entries(wanted).filter(([key, value]) => key in current && current[key] !== value)
  if (different.length === 0) return
  const before = Object.fromEntries(different.map(([key]) => [key, current[key]!]))
  mkdirSync(dirname(savedPath(root)), { recursive: true })
  writeFileSync(savedPath(root), JSON.stringify({ ...before, ...readSaved(root) }, null, 2))
  await writeSysctls(exec, Object.fromEntries(different))
}

/** Puts back what was changed, unless there are still clusters. */
export async function restoreHostSysctls(exec: Exec, root = runRoot): Promise<void> {
  if (readHostRecords(root).length > 0) return
  const saved = readSaved(root)
  if (Object.keys(saved).length === 0) return
  const present = await readSysctls(exec, Object.keys(saved))
  const values = Object.entries(saved).filter(([key]) => key in present)
  // The host stops to forward before its links stop to hear of routers.
  await writeSysctls(exec, Object.fromEntries(values.reverse()))
  rmSync(savedPath(root), { force: true })
}
