// A project of somebody else that uses futago: an empty folder with what `npm pack` makes of this one, and links
// to the tools that such a project has, so that nothing is fetched.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type CommandResult, root } from './kubectl.ts'

/** Runs a program to its end, in `folder`. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly folder: string; readonly environment?: Readonly<Record<string, string>> },
): Promise<CommandResult> {
  return new Promise(resolve => {
    const env = { ...process.env, ...options.environment }
    // Another test runner starts in there: it is not told about this one.
    for (const name of ['VITEST', 'VITEST_WORKER_ID', 'VITEST_POOL_ID', 'NODE_ENV', 'NODE_OPTIONS', 'TEST']) {
      if (options.environment?.[name] === undefined) delete env[name]
    }
    execFile(program, args, { cwd: options.folder, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const exitCode = error ? (typeof error.code === 'number' ? error.code : null) : 0
      resolve({ exitCode, stdout, stderr })
    })
  })
}

export class Project {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /** A project with futago, and these packages from our own node_modules. */
  static async create(packages: readonly string[]): Promise<Project> {
    const folder = mkdtempSync(join(tmpdir(), 'futago-project-'))
    const project = new Project(folder)
    const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      folder: root,
    })
    if (packed.exitCode !== 0) throw new Error(`npm pack: ${packed.stderr}`)
    const [{ filename }] = JSON.parse(packed.stdout)
    await project.must('tar', ['-xzf', filename])
    mkdirSync(join(folder, 'node_modules'))
    renameSync(join(folder, 'package'), join(folder, 'node_modules/futago'))
    const { dependencies } = JSON.parse(
      readFileSync(join(folder, 'node_modules/futago/package.json'), 'utf8'),
    )
    for (const name of [...Object.keys(dependencies), ...packages]) project.#link(name)
    project.write('package.json', '{ "private": true }')
    return project
  }

  #link(name: string): void {
    const target = join(this.folder, 'node_modules', name)
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), target)
  }

  write(path: string, text: string): void {
    const target = join(this.folder, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  }

  run(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    return run(program, args, { folder: this.folder, environment })
  }

  /** What it prints; a program that fails throws with what it said. */
  async must(program: string, args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(program, args)
    if (exitCode === 0) return stdout
    throw new Error(`${program} ${args.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
