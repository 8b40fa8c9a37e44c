// Redirections of the shell: to and from files in memory, other descriptors and here-documents.
import { absolutePath, type ContainerFiles, FileError } from '../filesystem.ts'
import type { Redirection, Word } from './ast.ts'
import { type Input, noInput, noOutput, type Output } from './streams.ts'
import type { Streams } from './world.ts'

export interface RedirectionContext {
  readonly files: ContainerFiles
  readonly directory: string
  /** The shell's, for messages. */
  readonly name: string
  readonly expand: (word: Word) => Promise<string>
}

/** Undefined when a file cannot be opened; it has been reported. */
export async function redirect(
  redirections: readonly Redirection[],
  streams: Streams,
  context: RedirectionContext,
): Promise<Streams | undefined> {
  let { stdin, stdout, stderr } = streams
  for (const { descriptor, operator, target } of redirections) {
    const text = await context.expand(target)
    if (operator === '<<') stdin = inputOf(Buffer.from(text))
    else if (operator === '>&' || operator === '<&') {
      const output = text === '-' ? noOutput : text === '2' ? stderr : stdout
      if (descriptor === 2) stderr = output
      else if (descriptor === 1) stdout = output
      else if (text === '-') stdin = noInput
    } else {
      const path = absolutePath(text, context.directory)
      try {
        if (operator === '<') stdin = openInput(path, context.files)
        else {
          const output = openOutput(path, context.files, { stdout, stderr, appends: operator === '>>' })
          if (descriptor === 2) stderr = output
          else stdout = output
        }
      } catch (error) {
        if (!(error instanceof FileError)) throw error
        const verb = operator === '<' ? 'open' : 'create'
        await stderr.write(`${context.name}: can't ${verb} ${text}: ${reason(error, verb)}\n`)
        return undefined
      }
    }
  }
  return { stdin, stdout, stderr }
}

const openInput = (path: string, files: ContainerFiles): Input =>
  path === '/dev/null' ? noInput : inputOf(files.read(path))

interface Outputs {
  readonly stdout: Output
  readonly stderr: Output
  readonly appends: boolean
}

function openOutput(path: string, files: ContainerFiles, { stdout, stderr, appends }: Outputs): Output {
  if (path === '/dev/null') return noOutput
  if (path === '/dev/stdout' || path === '/proc/1/fd/1') return stdout
  if (path === '/dev/stderr' || path === '/proc/1/fd/2') return stderr
  if (appends) files.append(path, Buffer.alloc(0))
  else files.write(path, Buffer.alloc(0))
  return { write: async data => files.append(path, typeof data === 'string' ? Buffer.from(data) : data) }
}

const reason = (error: FileError, verb: string) =>
  error.code === 'ENOENT' ? (verb === 'open' ? 'no such file' : 'nonexistent directory') : error.message

function inputOf(bytes: Buffer): Input {
  let left: Buffer | undefined = bytes
  return {
    async read() {
      const chunk = left
      left = undefined
      return chunk?.length ? chunk : undefined
    },
  }
}
