// Commands that read and write text.
import { createHash } from 'node:crypto'
import { nextTurn } from '../../../component/clock.ts'
import { absolutePath, FileError } from '../../filesystem.ts'
import { withinTime } from '../limits.ts'
import { formatPrintf, unescapeEcho } from '../printf.ts'
import { LineReader, readAll } from '../streams.ts'
import { type CommandFunction, type Commands, fail, type Invocation, parseFlags } from '../world.ts'

const opening = (invocation: Invocation, name: string, error: unknown) => {
  if (!(error instanceof FileError)) throw error
  return fail(invocation, `can't open '${name}': ${error.message}`)
}

/** Each named file, or the input; names that cannot be opened are reported. */
async function eachFile(
  invocation: Invocation,
  names: readonly string[],
  use: (content: Buffer, name: string) => Promise<void>,
): Promise<number> {
  let status = 0
  for (const name of names.length > 0 ? names : ['-']) {
    try {
      const content =
        name === '-'
          ? await readAll(invocation.stdin)
          : invocation.world.files.read(absolutePath(name, invocation.directory))
      await use(content, name)
    } catch (error) {
      status = await opening(invocation, name, error)
    }
  }
  return status
}

const cat: CommandFunction = async invocation => {
  const { operands } = parseFlags(invocation.args, 'nuAevtbsE')
  let status = 0
  for (const name of operands.length > 0 ? operands : ['-']) {
    if (name === '-') {
      const { stdin, stdout } = invocation
      for (let chunk = await stdin.read(); chunk; chunk = await stdin.read()) await stdout.write(chunk)
      continue
    }
    try {
      await invocation.stdout.write(invocation.world.files.read(absolutePath(name, invocation.directory)))
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      const why = error.code === 'EISDIR' ? 'read error' : `can't open '${name}'`
      status = await fail(invocation, `${why}: ${error.message}`)
    }
  }
  return status
}

const echo: CommandFunction = async ({ args, stdout }) => {
  let index = 0
  let newline = '\n'
  let escapes = false
  for (; /^-[neE]+$/.test(args[index] ?? ''); index++) {
    if (args[index]?.includes('n')) newline = ''
    if (args[index]?.includes('e')) escapes = true
  }
  const text = args.slice(index).join(' ')
  await stdout.write((escapes ? unescapeEcho(text) : text) + newline)
  return 0
}

const printf: CommandFunction = async invocation => {
  const [format, ...values] = invocation.args
  if (format === undefined) return fail(invocation, 'usage: printf FORMAT [ARG]...', 2)
  await invocation.stdout.write(formatPrintf(format, values))
  return 0
}

const linesOf = (content: Buffer) => {
  const lines = content.toString().split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function grepPattern(set: ReadonlySet<string>, pattern: string): RegExp {
  const source = set.has('F')
    ? pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    : set.has('E')
      ? pattern
      : // In a basic expression + ? | ( ) { } are themselves unless they have a backslash.
        pattern.replace(/\\([+?|(){}])|([+?|(){}])/g, (_, special, plain) => special ?? `\\${plain}`)
  const whole = set.has('x') ? `^(?:${source})$` : set.has('w') ? `\\b(?:${source})\\b` : source
  const classes = whole
    .replaceAll('[:space:]', '\\s')
    .replaceAll('[:digit:]', '0-9')
    .replaceAll('[:alpha:]', 'A-Za-z')
    .replaceAll('[:alnum:]', 'A-Za-z0-9')
  return new RegExp(classes, set.has('i') ? 'i' : '')
}

const grep: CommandFunction = async invocation => {
  const isExtended = invocation.name === 'egrep' ? ['-E'] : invocation.name === 'fgrep' ? ['-F'] : []
  const flags = parseFlags([...isExtended, ...invocation.args], 'EFiqvcnxwhHlos', 'emABC')
  const [first = '', ...rest] = flags.operands
  const given = flags.values.get('e')
  const names = given === undefined ? rest : flags.operands
  let pattern: RegExp
  try {
    pattern = grepPattern(flags.set, given ?? first)
  } catch {
    return fail(invocation, `bad regex '${given ?? first}'`, 2)
  }
  const most = Number(flags.values.get('m') ?? Number.POSITIVE_INFINITY)
  let found = false
  const { stdout } = invocation
  const status = await eachFile(invocation, names, async (content, name) => {
    const prefix = (flags.set.has('H') || names.length > 1) && !flags.set.has('h') ? `${name}:` : ''
    let count = 0
    let text = ''
    const search = () =>
      linesOf(content).forEach((line, index) => {
        if (count >= most || pattern.test(line) === flags.set.has('v')) return
        count++
        const number = flags.set.has('n') ? `${index + 1}:` : ''
        text += `${prefix}${number}${flags.set.has('o') ? (pattern.exec(line)?.[0] ?? '') : line}\n`
      })
    withinTime(search)
    if (count > 0) found = true
    if (flags.set.has('q')) return
    if (flags.set.has('l')) text = count > 0 ? `${name}\n` : ''
    else if (flags.set.has('c')) text = `${prefix}${count}\n`
    await stdout.write(text)
  })
  return status === 0 ? (found ? 0 : 1) : 2
}

const head: CommandFunction = async invocation => {
  const args = invocation.args.map(arg => (/^-\d+$/.test(arg) ? `-n${arg.slice(1)}` : arg))
  const { values, operands } = parseFlags(args, 'qv', 'nc')
  const count = Number(values.get('n') ?? 10)
  if (values.has('c')) {
    const bytes = Number(values.get('c'))
    return eachFile(invocation, operands, content => invocation.stdout.write(content.subarray(0, bytes)))
  }
  if (operands.length > 0) {
    return eachFile(invocation, operands, async content =>
      invocation.stdout.write(
        linesOf(content)
          .slice(0, count)
          .map(line => `${line}\n`)
          .join(''),
      ),
    )
  }
  // Reads no more than it shows, so that an endless writer comes to its end.
  const reader = new LineReader(invocation.stdin)
  for (let shown = 0; shown < count; shown++) {
    const line = await reader.line()
    if (line === undefined) break
    await invocation.stdout.write(`${line}\n`)
  }
  return 0
}

/** Of `length` lines or bytes the last `wanted`, or with a plus sign all from that one on. */
function tailStart(wanted: string, length: number): number {
  const count = Number(wanted)
  return Math.max(0, wanted.startsWith('+') ? count - 1 : length - count)
}

const tail: CommandFunction = async invocation => {
  const args = invocation.args.map(arg => (/^-\d+$/.test(arg) ? `-n${arg.slice(1)}` : arg))
  const { set, values, operands } = parseFlags(args, 'fFq', 'nc')
  const status = await eachFile(invocation, operands, async content => {
    const bytes = values.get('c')
    if (bytes !== undefined) {
      await invocation.stdout.write(content.subarray(tailStart(bytes, content.length)))
      return
    }
    const lines = linesOf(content)
    const chosen = lines.slice(tailStart(values.get('n') ?? '10', lines.length))
    await invocation.stdout.write(chosen.map(line => `${line}\n`).join(''))
  })
  const [followed] = operands
  if (!followed || !(set.has('f') || set.has('F'))) return status
  return followFile(invocation, absolutePath(followed, invocation.directory))
}

async function followFile({ world, stdout, signal }: Invocation, path: string): Promise<number> {
  let length = world.files.kind(path) === 'file' ? world.files.read(path).length : 0
  for (;;) {
    await world.clock.sleep(1000, signal)
    if (world.files.kind(path) !== 'file') continue
    const content = world.files.read(path)
    if (content.length > length) await stdout.write(content.subarray(length))
    length = content.length
  }
}

const wc: CommandFunction = async invocation => {
  const { set, operands } = parseFlags(invocation.args, 'lwcm')
  return eachFile(invocation, operands, async (content, name) => {
    const text = content.toString()
    const counts: readonly [string, number][] = [
      ['l', text.split('\n').length - 1],
      ['w', text.split(/\s+/).filter(Boolean).length],
      ['c', content.length],
    ]
    const asked = counts.filter(([flag]) => set.has(flag) || (flag === 'c' && set.has('m')))
    const shown = (asked.length > 0 ? asked : counts).map(([, count]) => count)
    const label = name === '-' ? '' : ` ${name}`
    const [only] = shown
    const figures =
      shown.length === 1 ? String(only) : shown.map(count => String(count).padStart(9)).join(' ')
    await invocation.stdout.write(`${figures}${label}\n`)
  })
}

const checksum =
  (algorithm: string): CommandFunction =>
  invocation =>
    eachFile(invocation, invocation.args, async (content, name) => {
      await invocation.stdout.write(`${createHash(algorithm).update(content).digest('hex')}  ${name}\n`)
    })

const sort: CommandFunction = async invocation => {
  const { set, operands } = parseFlags(invocation.args, 'nru', 'kt')
  const all: string[] = []
  const status = await eachFile(invocation, operands, async content => {
    for (const line of linesOf(content)) all.push(line)
  })
  const compare = set.has('n')
    ? (a: string, b: string) => Number.parseFloat(a) - Number.parseFloat(b) || (a < b ? -1 : 1)
    : (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const sorted = withinTime(() => (set.has('u') ? [...new Set(all)] : all).sort(compare))
  if (set.has('r')) sorted.reverse()
  await invocation.stdout.write(sorted.map(line => `${line}\n`).join(''))
  return status
}

const uniq: CommandFunction = async invocation => {
  const { set, operands } = parseFlags(invocation.args, 'c')
  return eachFile(invocation, operands.slice(0, 1), async content => {
    const groups: { line: string; count: number }[] = []
    for (const line of linesOf(content)) {
      const last = groups.at(-1)
      if (last?.line === line) last.count++
      else groups.push({ line, count: 1 })
    }
    const shown = groups.map(({ line, count }) =>
      set.has('c') ? `${String(count).padStart(7)} ${line}\n` : `${line}\n`,
    )
    await invocation.stdout.write(shown.join(''))
  })
}

/** `1,3-4,6-` */
function isSelected(list: string, position: number): boolean {
  return list.split(',').some(range => {
    const [from = '', to] = range.split('-')
    const start = Number(from || 1)
    return (
      position >= start && position <= (to === undefined ? start : Number(to || Number.POSITIVE_INFINITY))
    )
  })
}

const cut: CommandFunction = async invocation => {
  const { values, operands } = parseFlags(invocation.args, 's', 'dfcb')
  const delimiter = values.get('d') ?? '\t'
  const fields = values.get('f')
  const characters = values.get('c') ?? values.get('b')
  if (!fields && !characters) return fail(invocation, 'expected a list of bytes, characters, or fields')
  return eachFile(invocation, operands, async content => {
    const choose = (line: string) => {
      if (!fields) return [...line].filter((_, index) => isSelected(characters ?? '', index + 1)).join('')
      if (!line.includes(delimiter)) return line
      return line
        .split(delimiter)
        .filter((_, index) => isSelected(fields, index + 1))
        .join(delimiter)
    }
    const shown = withinTime(() => linesOf(content).map(choose))
    await invocation.stdout.write(shown.map(line => `${line}\n`).join(''))
  })
}

function characterSet(text: string): string[] {
  const unescaped = unescapeEcho(text)
  const expanded = unescaped.replace(/(.)-(.)/gs, (whole, from: string, to: string) => {
    const [first, last] = [from.charCodeAt(0), to.charCodeAt(0)]
    if (last < first) return whole
    return String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, index) => first + index))
  })
  return [...expanded]
}

const tr: CommandFunction = async invocation => {
  const { set, operands } = parseFlags(invocation.args, 'dsc')
  const from = characterSet(operands[0] ?? '')
  const to = characterSet(operands[1] ?? '')
  const text = (await readAll(invocation.stdin)).toString()
  const map = (char: string) => {
    const index = from.lastIndexOf(char)
    if (index < 0) return char
    return set.has('d') ? '' : (to[Math.min(index, to.length - 1)] ?? char)
  }
  const mapped = withinTime(() => [...text].map(map))
  await invocation.stdout.write(mapped.join(''))
  return 0
}

const tee: CommandFunction = async invocation => {
  const { set, operands } = parseFlags(invocation.args, 'a')
  const content = await readAll(invocation.stdin)
  for (const name of operands) {
    const path = absolutePath(name, invocation.directory)
    if (set.has('a')) invocation.world.files.append(path, content)
    else invocation.world.files.write(path, content)
  }
  await invocation.stdout.write(content)
  return 0
}

const seq: CommandFunction = async ({ args, stdout, signal }) => {
  const numbers = args.map(Number)
  const [first, step, last] =
    numbers.length === 1 ? [1, 1, numbers[0]] : numbers.length === 2 ? [numbers[0], 1, numbers[1]] : numbers
  let written = 0
  for (
    let value = first ?? 1;
    (step ?? 1) > 0 ? value <= (last ?? 0) : value >= (last ?? 0);
    value += step || 1
  ) {
    await stdout.write(`${value}\n`)
    // What throws its input away never waits.
    if (++written % 1000 === 0) await nextTurn()
    if (signal.aborted) return 143
  }
  return 0
}

const yes: CommandFunction = async ({ args, stdout, signal }) => {
  const line = `${args.join(' ') || 'y'}\n`
  while (!signal.aborted) {
    await stdout.write(line.repeat(100))
    await nextTurn()
  }
  return 143
}

const base64: CommandFunction = async invocation => {
  const { set, operands } = parseFlags(invocation.args, 'd', 'w')
  return eachFile(invocation, operands, async content => {
    const decoded = Buffer.from(content.toString(), 'base64')
    const wrapped = content.toString('base64').replace(/.{76}/g, '$&\n')
    await invocation.stdout.write(set.has('d') ? decoded : `${wrapped}\n`)
  })
}

export const textCommands: Commands = {
  base64,
  cat,
  cut,
  echo,
  egrep: grep,
  fgrep: grep,
  grep,
  head,
  printf,
  seq,
  sort,
  md5sum: checksum('md5'),
  sha256sum: checksum('sha256'),
  tail,
  tee,
  tr,
  uniq,
  wc,
  yes,
}
