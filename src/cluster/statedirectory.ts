// What a cluster leaves on disk: keys and certificates, the default store, the kubeconfig, the log, and
// while it runs a file that says who serves it. Everything is for its owner only (0700, 0600).
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from './configerror.ts'

/** Says which process serves the cluster and where; written when it is ready. */
export interface RunningCluster {
  readonly name: string
  readonly pid: number
  readonly server: string
  readonly kubeconfig: string
  readonly store: string
  readonly runtime: string
  readonly nodes: number
  readonly ipFamilies: readonly string[]
  /** RFC 3339. */
  readonly startedAt: string
}

export class StateDirectory {
  readonly path: string

  /** `root` holds one directory for each cluster name. */
  constructor(root: string, name: string) {
    this.path = join(root, name)
  }

  /** The names of the clusters that `root` knows. */
  static list(root: string): string[] {
    if (!existsSync(root)) return []
    return readdirSync(root)
      .filter(name => existsSync(join(root, name, 'pki')))
      .sort()
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts)
  }

  exists(): boolean {
    return existsSync(this.path)
  }

  /**
   * `certDir` holds the keys instead of `pki` here, which becomes a link to it. Throws ConfigError when the
   * cluster has keys of its own.
   */
  create(certDir?: string): void {
    const [pki, options] = [this.file('pki'), { recursive: true, mode: 0o700 } as const]
    mkdirSync(certDir ?? pki, options)
    if (certDir === undefined) return
    mkdirSync(this.path, options)
    const target = realpathSync(certDir)
    if (existsSync(pki)) {
      if (realpathSync(pki) === target) return
      this.#removeEmpty(pki, certDir)
    }
    symlinkSync(target, pki)
  }

  #removeEmpty(pki: string, certDir: string): void {
    if (lstatSync(pki).isSymbolicLink()) rmSync(pki)
    else if (readdirSync(pki).length === 0) rmdirSync(pki)
    else {
      throw new ConfigError(
        `Cannot use --cert-dir ${certDir}: the cluster has keys of its own in ${pki}, ` +
          'expected another --name, or that directory to be empty',
      )
    }
  }

  /** The text of a file, or undefined when there is none. */
  read(...parts: string[]): string | undefined {
    try {
      return readFileSync(this.file(...parts), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Replaces a file as a whole: a reader sees the old text or the new one. */
  write(text: string, ...parts: string[]): void {
    writePrivate(this.file(...parts), text)
  }

  /** Who serves the cluster; undefined when nobody does, or the process that did is gone. */
  running(): RunningCluster | undefined {
    const text = this.read('running.json')
    if (!text) return undefined
    const running = JSON.parse(text) as RunningCluster
    return isAlive(running.pid) ? running : undefined
  }

  setRunning(running: RunningCluster): void {
    this.write(`${JSON.stringify(running, null, 2)}\n`, 'running.json')
  }

  clearRunning(): void {
    rmSync(this.file('running.json'), { force: true })
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** A file for those who ask where it is, in a directory of its own. */
export class TemporaryFile {
  readonly #name: string
  readonly #text: () => string
  #directory: string | undefined

  /** `text` is what the file says when it is made. */
  constructor(name: string, text: () => string) {
    this.#name = name
    this.#text = text
  }

  /** Where it is, if somebody has asked. */
  get madeAt(): string | undefined {
    return this.#directory === undefined ? undefined : join(this.#directory, this.#name)
  }

  get path(): string {
    if (this.madeAt !== undefined) return this.madeAt
    this.#directory = mkdtempSync(join(tmpdir(), 'futago-'))
    const path = join(this.#directory, this.#name)
    writePrivate(path, this.#text())
    return path
  }

  remove(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true })
  }
}

/**
 * The file appears once it is complete, for its owner only; with `flush` it is on the disk then. Throws
 * Node's error, and leaves what was there.
 */
export function writeWhole(path: string, content: string | Buffer, { flush = false } = {}): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, content, { mode: 0o600, flush })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** `writeWhole`, but a file that cannot be written is the user's to mend: throws ConfigError. */
export function writePrivate(path: string, text: string): void {
  try {
    writeWhole(path, text)
  } catch (error) {
    throw new ConfigError(`Cannot write ${path}: ${(error as Error).message}`)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
