// Commands about the container, its user, the time, and other commands.

import { matchesTest, TestError } from '../conditions.ts'
import { ShellExit } from '../flow.ts'
import { type CommandFunction, type Commands, fail, type Invocation, parseFlags } from '../world.ts'

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds; undefined for what is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text)
  return match ? Number(match[1]) * (units[match[2] ?? ''] ?? 1) : undefined
}

const sleep: CommandFunction = async invocation => {
  const { args, world, signal } = invocation
  if (args.length === 0) return fail(invocation, 'missing operand')
  if (args.includes('infinity')) return new Promise(() => undefined)
  let seconds = 0
  for (const arg of args) {
    const duration = parseDuration(arg)
    if (duration === undefined) return fail(invocation, `invalid number '${arg}'`)
    seconds += duration
  }
  // Timers hold no more than 24 days.
  for (let left = seconds * 1000; left > 0; left -= 86_400_000) {
    await world.clock.sleep(Math.min(left, 86_400_000), signal)
  }
  return 0
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const two = (value: number) => String(value).padStart(2, '0')

function formatDate(date: Date, format: string): string {
  const fields: Readonly<Record<string, string>> = {
    '%': '%',
    A: days[date.getUTCDay()] ?? '',
    a: days[date.getUTCDay()] ?? '',
    b: months[date.getUTCMonth()] ?? '',
    d: two(date.getUTCDate()),
    e: String(date.getUTCDate()).padStart(2, ' '),
    F: date.toISOString().slice(0, 10),
    H: two(date.getUTCHours()),
    M: two(date.getUTCMinutes()),
    m: two(date.getUTCMonth() + 1),
    N: `${String(date.getUTCMilliseconds()).padStart(3, '0')}000000`,
    n: '\n',
    S: two(date.getUTCSeconds()),
    s: String(Math.floor(date.getTime() / 1000)),
    T: date.toISOString().slice(11, 19),
    Y: String(date.getUTCFullYear()),
    y: two(date.getUTCFullYear() % 100),
    Z: 'UTC',
    z: '+0000',
  }
  return format.replace(/%([%A-Za-z])/g, (whole, letter: string) => fields[letter] ?? whole)
}

const date: CommandFunction = async ({ args, world, stdout }) => {
  const format = args.find(arg => arg.startsWith('+'))?.slice(1)
  const iso = args.some(arg => arg === '-Iseconds' || arg === '--iso-8601=seconds')
  const fallback = iso ? '%FT%T+00:00' : '%a %b %e %T UTC %Y'
  await stdout.write(`${formatDate(new Date(world.clock.now()), format ?? fallback)}\n`)
  return 0
}

const env: CommandFunction = async invocation => {
  const { args, stdout } = invocation
  const variables = args.includes('-i') ? new Map<string, string>() : new Map(invocation.variables)
  let index = 0
  for (; index < args.length; index++) {
    const arg = args[index]!
    if (arg === '-i') continue
    if (arg === '-u') variables.delete(args[++index] ?? '')
    else if (/^[^-][^=]*=/.test(arg))
      variables.set(arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1))
    else break
  }
  const command = args.slice(index)
  if (command.length > 0) return invocation.run(command, variables, invocation)
  for (const [name, value] of variables) await stdout.write(`${name}=${value}\n`)
  return 0
}

const printenv: CommandFunction = async ({ args, variables, stdout }) => {
  if (args.length === 0) for (const [name, value] of variables) await stdout.write(`${name}=${value}\n`)
  let status = 0
  for (const name of args) {
    const value = variables.get(name)
    if (value === undefined) status = 1
    else await stdout.write(`${value}\n`)
  }
  return status
}

const hostname: CommandFunction = async ({ args, world, stdout }) => {
  if (args.includes('-i') || args.includes('-I')) await stdout.write(`${world.podIPs.join(' ')}\n`)
  else if (args.includes('-f')) {
    const lines = world.files.kind('/etc/hosts') ? world.files.read('/etc/hosts').toString().split('\n') : []
    const own = lines.map(line => line.split(/\s+/)).find(([ip]) => ip && world.podIPs.includes(ip))
    await stdout.write(`${own?.[1] ?? world.hostname}\n`)
  } else await stdout.write(`${world.hostname}\n`)
  return 0
}

const id: CommandFunction = async ({ args, world, stdout }) => {
  const { uid, gid } = world.user
  const name = (value: number) => (value === 0 ? '(root)' : '')
  if (args.includes('-u')) await stdout.write(args.includes('-n') ? `${userName(uid)}\n` : `${uid}\n`)
  else if (args.includes('-g')) await stdout.write(`${gid}\n`)
  else await stdout.write(`uid=${uid}${name(uid)} gid=${gid}${name(gid)} groups=${gid}${name(gid)}\n`)
  return 0
}

const userName = (uid: number) => (uid === 0 ? 'root' : String(uid))

const whoami: CommandFunction = async invocation => {
  const { uid } = invocation.world.user
  if (uid !== 0) return fail(invocation, `unknown uid ${uid}`)
  await invocation.stdout.write('root\n')
  return 0
}

const uname: CommandFunction = async ({ args, world, stdout }) => {
  const parts: Readonly<Record<string, string>> = {
    s: 'Linux',
    n: world.hostname,
    r: '6.1.0-simulated',
    v: '#1 SMP',
    m: 'x86_64',
    o: 'GNU/Linux',
  }
  const { set } = parseFlags(args, 'asnrvmo')
  const wanted = set.has('a') ? Object.keys(parts) : set.size > 0 ? [...set] : ['s']
  await stdout.write(`${wanted.map(letter => parts[letter] ?? '').join(' ')}\n`)
  return 0
}

async function test(invocation: Invocation, args: readonly string[]): Promise<number> {
  try {
    return matchesTest(args, { files: invocation.world.files, directory: invocation.directory }) ? 0 : 1
  } catch (error) {
    if (!(error instanceof TestError)) throw error
    return fail(invocation, error.message, 2)
  }
}

const bracket: CommandFunction = async invocation =>
  invocation.args.at(-1) === ']'
    ? test(invocation, invocation.args.slice(0, -1))
    : fail(invocation, 'missing ]', 2)

const timeout: CommandFunction = async invocation => {
  const operands = invocation.args.filter((arg, index) => !(index === 0 && arg.startsWith('-')))
  const [limit = '', ...command] = operands
  const seconds = parseDuration(limit)
  if (seconds === undefined) return fail(invocation, `invalid number '${limit}'`)
  const { world, signal, variables } = invocation
  const expired = world.clock.sleep(seconds * 1000, signal).then(() => 143)
  return Promise.race([invocation.run(command, variables, invocation), expired])
}

const kill: CommandFunction = async ({ args }) => {
  // A container's own processes are one: to end process 1 is to end the shell that asks.
  if (args.at(-1) === '1') throw new ShellExit(143)
  return 0
}

const ps: CommandFunction = async ({ stdout }) => {
  await stdout.write('PID   USER     TIME  COMMAND\n    1 root      0:00 simulated\n')
  return 0
}

export const systemCommands: Commands = {
  '[': bracket,
  date,
  env,
  false: async () => 1,
  hostname,
  id,
  kill,
  printenv,
  ps,
  sleep,
  test: invocation => test(invocation, invocation.args),
  timeout,
  true: async () => 0,
  uname,
  whoami,
}
