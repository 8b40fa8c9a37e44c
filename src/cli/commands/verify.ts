// `futago verify`: checks dual stack on any cluster through its kubeconfig. Exit code 0: what is required
// works; 1: there is a finding; 2: it could not run, or not to its end.
import { writeFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { systemClock } from '../../component/clock.ts'
import type { Check, Language, Report, RunEvent } from '../../verify/index.ts'
import type { Display, Output } from '../../verify/reports/index.ts'
import { CommandError } from '../commanderror.ts'
import { type ConnectFlags, connectionError, connectToCluster } from '../connect.ts'
import { parseDuration } from '../duration.ts'
import { parseCount, parseEgressTargets, parseIDs, settingsOf, type VerifyFlags } from '../verifysettings.ts'

interface Flags extends ConnectFlags, VerifyFlags {
  readonly output?: readonly string[]
  readonly lang?: Language
  readonly evidence?: boolean
  readonly printRole?: boolean
  readonly list?: boolean
}

const collect = (text: string, known: readonly string[] = []) => [...known, text]

export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('check dual stack on a cluster: any cluster, through its kubeconfig')
    .option('--kubeconfig <file>', 'default: $KUBECONFIG, which may name several files, else ~/.kube/config')
    .option('--context <name>', 'of the kubeconfig; default: its current one')
  addScope(command)
  addProbes(command)
  addResults(command)
  command.addHelpText(
    'after',
    '\nExit codes: 0 everything required works, 1 there is a finding, 2 it could not run (to its end).\n\n' +
      'Examples:\n' +
      '  futago verify                                      the page and its neighbours\n' +
      '  futago verify --profile quick                      reads only, in seconds\n' +
      '  futago verify --profile full --output html=report.html --output junit=report.xml\n' +
      '  futago verify --image mirror.example/k8s/          registry.k8s.io is mirrored there\n' +
      '  futago verify --image docker.io/library/busybox:1.36\n' +
      '  futago verify --print-role | kubectl apply -f -    what it must be allowed\n',
  )
  command.action(verify)
}

function addScope(command: Command): void {
  command
    .addOption(
      new Option('--profile <name>', 'how much: quick only reads; full adds host networks, egress, policies')
        .choices(['quick', 'standard', 'full'])
        .default('standard'),
    )
    .option('--read-only', 'create nothing')
    .option('--only <ids>', 'only these checks, separated by commas, whatever the profile', parseIDs)
    .option('--skip <ids>', 'all but these', parseIDs)
    .addOption(
      new Option('--expect <families>', 'what the cluster has to have; auto: what it has')
        .choices(['auto', 'dual', 'ipv4', 'ipv6'])
        .default('auto'),
    )
    .addOption(new Option('--primary <family>', 'which family has to be first').choices(['IPv4', 'IPv6']))
    .option('--node-selector <labels>', 'look at these nodes only')
    .option('--max-nodes <count>', 'how many nodes get probe Pods (default: 8)', parseCount)
}

function addProbes(command: Command): void {
  command
    .option('--no-node-ports', 'create no NodePort Services')
    .option('--no-load-balancers', 'create no LoadBalancer Services')
    .option('--egress-target <targets>', 'ADDRESS:PORT for each family, or none', parseEgressTargets)
    .option(
      '--image <image>',
      'for probe Pods: agnhost or busybox; with / at its end, a mirror to take it from',
    )
    .option('--image-pull-secret <name>', 'of --namespace; may be repeated', collect)
    .option('--namespace <name>', 'use this one instead of making one')
    .option('--timeout <duration>', 'for the whole run (default: 5m)', parseDuration)
}

function addResults(command: Command): void {
  command
    .option('--output <format[=file]>', 'terminal, json, junit or html; may be repeated', collect)
    .option('--evidence', 'say in the terminal report also what was seen where a check passed')
    .addOption(new Option('--lang <language>', 'default: from $LANG').choices(['en', 'ja']))
    .option('--print-role', 'print the RBAC roles that the run needs, and end')
    .option('--list', 'print the checks of the catalogue, and end')
}

async function verify(flags: Flags): Promise<void> {
  const { checks, selectChecks } = await import('../../verify/index.ts')
  const { parseOutputs } = await import('../../verify/reports/index.ts')
  const language = flags.lang ?? languageOf(process.env)
  const settings = settingsOf(flags, checks)
  if (flags.list) return void process.stdout.write(formatCatalogue(checks, language))
  if (flags.printRole) {
    const { formatRoles, rolesFor } = await import('../../verify/role.ts')
    return void process.stdout.write(await formatRoles(rolesFor(selectChecks(checks, settings), settings)))
  }
  const outputs = readOutputs(() => parseOutputs(flags.output ?? []))
  const report = await runWithDisplay(flags, { settings, language })
  await write(report, outputs, { language, evidence: flags.evidence === true })
  process.exitCode = report.exitCode
}

function readOutputs(parse: () => Output[]): Output[] {
  try {
    return parse()
  } catch (error) {
    throw new CommandError((error as Error).message, 2)
  }
}

async function runWithDisplay(
  flags: Flags,
  { settings, language }: { settings: ReturnType<typeof settingsOf>; language: Language },
): Promise<Report> {
  const { runChecks } = await import('../../verify/index.ts')
  const { openDisplay } = await import('../../verify/reports/index.ts')
  const connection = await connectToCluster(flags)
  const live = process.stderr.isTTY === true && process.env.TERM !== 'dumb'
  const display = openDisplay(process.stderr, { language, color: hasColor(), clock: systemClock, live })
  const { signal, release } = onStopSignals(display)
  let left: StillCleaning | undefined
  try {
    const report = await runChecks({
      client: connection.client,
      server: connection.config.server,
      ...(connection.context === undefined ? {} : { context: connection.context }),
      settings,
      signal,
      onEvent(event) {
        display.handle(event)
        if (event.type === 'stillCleaning') left = event
      },
    })
    display.close()
    if (left) process.stderr.write(stillThere(left))
    return report
  } catch (error) {
    display.close()
    throw connectionError(error, connection) ?? error
  } finally {
    display.close()
    release()
    connection.close()
  }
}

type StillCleaning = Extract<RunEvent, { type: 'stillCleaning' }>

const stillThere = ({ namespaces, why }: StillCleaning) =>
  `futago: ${namespaces.join(', ')} still to be removed when the run ended (${why}); ` +
  `the next run removes what is left, or: kubectl delete namespace ${namespaces.join(' ')}\n`

/** The first signal ends the run in order and cleans up, the second one ends the process. */
function onStopSignals(display: Display): { signal: AbortSignal; release: () => void } {
  const stopping = new AbortController()
  const stop = (name: NodeJS.Signals) => {
    if (stopping.signal.aborted) {
      display.close()
      process.exit(130)
    }
    stopping.abort(new Error(`interrupted (${name})`))
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, stop)
  return { signal: stopping.signal, release: () => names.forEach(name => void process.off(name, stop)) }
}

async function write(
  report: Report,
  outputs: readonly Output[],
  how: { language: Language; evidence: boolean },
): Promise<void> {
  const { writeReports } = await import('../../verify/reports/index.ts')
  await writeReports(report, outputs, {
    ...how,
    width: process.stdout.columns ?? 110,
    color: process.stdout.isTTY === true && hasColor(),
    stdout: text => void process.stdout.write(text),
    stderr: text => void process.stderr.write(text),
    writeFile: (path, text) => writeFile(path, text),
  })
}

const hasColor = () => process.env.NO_COLOR === undefined || process.env.NO_COLOR === ''

/** As the C library chooses: LC_ALL, LC_MESSAGES, LANG. */
export function languageOf(env: NodeJS.ProcessEnv): Language {
  const locale = [env.LC_ALL, env.LC_MESSAGES, env.LANG].find(value => value) ?? ''
  return locale.startsWith('ja') ? 'ja' : 'en'
}

function formatCatalogue(checks: readonly Check[], language: Language): string {
  const line = ({ id, profile, severity, title }: Check) =>
    `${id.padEnd(8)} ${profile.padEnd(9)} ${severity.padEnd(12)} ${title[language]}\n`
  return checks.map(line).join('')
}
