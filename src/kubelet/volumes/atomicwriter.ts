// Writes a volume's files so that whoever reads them sees all old or all new ones: into a folder of their
// own, to which `..data` then points (upstream pkg/volume/util/atomic_writer.go). What users see are links
// through `..data`.
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { formatTime } from '../../api/meta/timestamps.ts'
import type { VolumeFile, VolumeFiles } from './volume.ts'

const dataLink = '..data'
const freshLink = '..data_tmp'
const folderMode = 0o755
const permissions = 0o7777

export interface AtomicWriterOptions {
  /** The volume's folder; it exists. */
  readonly folder: string
  readonly nowMs: number
  /** The group that may read what it could not otherwise; absent: nothing changes. */
  readonly group?: number | undefined
}

const topOf = (path: string) => path.split('/', 1)[0] ?? ''

/** A group may read the files and enter the folders. */
const groupReads = 0o440
const groupEnters = 0o2050

function modeOf({ mode }: VolumeFile, group: number | undefined): number {
  return group === undefined ? mode : mode | groupReads
}

/** Undefined: nothing was written yet. */
function currentFolder(folder: string): string | undefined {
  try {
    return readlinkSync(join(folder, dataLink))
  } catch {
    return undefined
  }
}

/** Paths of all files below a folder. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))

function isSame(folder: string, files: VolumeFiles, group: number | undefined): boolean {
  try {
    const known = filesBelow(folder)
    if (known.length !== files.size) return false
    return known.every(path => {
      const file = files.get(path)
      if (!file || !readFileSync(join(folder, path)).equals(file.content)) return false
      return (lstatSync(join(folder, path)).mode & permissions) === modeOf(file, group)
    })
  } catch {
    return false
  }
}

function makeFolder(path: string, group: number | undefined): void {
  mkdirSync(path, { recursive: true })
  chmodSync(path, group === undefined ? folderMode : folderMode | groupEnters)
  if (group !== undefined) chownSync(path, -1, group)
}

function writeFiles(folder: string, files: VolumeFiles, group: number | undefined): void {
  makeFolder(folder, group)
  for (const [path, file] of files) {
    const target = join(folder, path)
    const parents: string[] = []
    for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) parents.unshift(parent)
    for (const parent of parents) makeFolder(join(folder, parent), group)
    writeFileSync(target, file.content, { mode: 0o600 })
    if (group !== undefined || file.owner !== undefined) chownSync(target, file.owner ?? -1, group ?? -1)
    chmodSync(target, modeOf(file, group))
  }
}

/** `..2026_01_01_12_00_00.` and letters that make it unique. */
const folderPrefix = (nowMs: number) => `..${formatTime(nowMs).slice(0, 19).replace(/[-T:]/g, '_')}.`

/** Into a new folder, to which `..data` then points. */
function replaceData(files: VolumeFiles, { folder, nowMs, group }: AtomicWriterOptions): void {
  const fresh = mkdtempSync(join(folder, folderPrefix(nowMs)))
  try {
    writeFiles(fresh, files, group)
    rmSync(join(folder, freshLink), { force: true })
    symlinkSync(fresh.slice(folder.length + 1), join(folder, freshLink))
    renameSync(join(folder, freshLink), join(folder, dataLink))
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    throw error
  }
}

/** One link for each name at the top, and nothing of before. */
function linkNames(files: VolumeFiles, folder: string): void {
  const wanted = new Set([...files.keys()].map(topOf))
  const kept = new Set([dataLink, currentFolder(folder)])
  const known = readdirSync(folder)
  for (const name of wanted) if (!known.includes(name)) symlinkSync(join(dataLink, name), join(folder, name))
  for (const name of known) {
    if (kept.has(name) || wanted.has(name)) continue
    rmSync(join(folder, name), { recursive: true, force: true })
  }
}

/** Returns whether anything had to be written. */
export function writeAtomically(files: VolumeFiles, options: AtomicWriterOptions): boolean {
  const { folder, group } = options
  const current = currentFolder(folder)
  const isCurrent = current !== undefined && isSame(join(folder, current), files, group)
  if (!isCurrent) replaceData(files, options)
  linkNames(files, folder)
  return !isCurrent
}
