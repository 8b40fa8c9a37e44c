// Probes and lifecycle hooks of containers, and the handlers both are made of.
import { forbiddenField, invalidValue, notSupported, required } from '../../../../fields.ts'
import type { Container, Lifecycle, Probe } from '../../../../generated/types.ts'
import { httpHeaderName, portName, portNumber } from '../../../../meta/names.ts'
import { negativeText } from '../../../../meta/objectmeta.ts'
import { checkText, type PodCheck } from './check.ts'

interface Handler {
  exec?: Probe['exec']
  httpGet?: Probe['httpGet']
  tcpSocket?: Probe['tcpSocket']
  grpc?: Probe['grpc']
  sleep?: NonNullable<Lifecycle['preStop']>['sleep']
}

/** For containers that run while the Pod does: regular ones and sidecars. */
export function checkProbes(container: Container, field: string, check: PodCheck): void {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container
  if (lifecycle) checkLifecycle(lifecycle, `${field}.lifecycle`, check)
  if (livenessProbe) {
    checkProbe(livenessProbe, `${field}.livenessProbe`, check)
    checkSuccessThreshold(livenessProbe, `${field}.livenessProbe`, check)
  }
  if (readinessProbe) {
    checkProbe(readinessProbe, `${field}.readinessProbe`, check)
    const seconds = readinessProbe.terminationGracePeriodSeconds
    if (seconds !== undefined) {
      const at = `${field}.readinessProbe.terminationGracePeriodSeconds`
      check.errors.push(invalidValue(at, seconds, 'must not be set for readinessProbes'))
    }
  }
  if (startupProbe) {
    checkProbe(startupProbe, `${field}.startupProbe`, check)
    checkSuccessThreshold(startupProbe, `${field}.startupProbe`, check)
  }
}

function checkSuccessThreshold({ successThreshold }: Probe, field: string, { errors }: PodCheck): void {
  if (successThreshold === 1) return
  errors.push(invalidValue(`${field}.successThreshold`, successThreshold ?? 0, 'must be 1'))
}

const numbers = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const

function checkProbe(probe: Probe, field: string, check: PodCheck): void {
  checkHandler(probe, field, check)
  for (const name of numbers) {
    const value = probe[name] ?? 0
    if (value < 0) check.errors.push(invalidValue(`${field}.${name}`, value, negativeText))
  }
  const seconds = probe.terminationGracePeriodSeconds
  if (seconds !== undefined && seconds <= 0) {
    const at = `${field}.terminationGracePeriodSeconds`
    check.errors.push(invalidValue(at, seconds, 'must be greater than 0'))
  }
}

const signalNames =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS ' +
  'TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'

/** Those that a runtime may be asked to stop a container with (KEP-4960), sorted. */
const stopSignals = [
  ...signalNames.split(' '),
  ...Array.from({ length: 15 }, (_, index) => `RTMIN+${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `RTMAX-${index + 1}`),
]
  .map(name => `SIG${name}`)
  .sort()

function checkLifecycle({ postStart, preStop, stopSignal }: Lifecycle, field: string, check: PodCheck): void {
  if (postStart) checkHandler(postStart, `${field}.postStart`, check)
  if (preStop) checkHandler(preStop, `${field}.preStop`, check)
  if (stopSignal === undefined) return
  const at = `${field}.stopSignal`
  const signals = check.os === 'windows' ? ['SIGKILL', 'SIGTERM'] : stopSignals
  if (check.os === '') {
    check.errors.push(forbiddenField(at, 'may not be set for containers with empty `spec.os.name`'))
  } else if (!signals.includes(stopSignal)) check.errors.push(notSupported(at, stopSignal, signals))
}

const kinds = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const

function checkHandler(handler: Handler, field: string, check: PodCheck): void {
  const { errors } = check
  let found = 0
  for (const kind of kinds) {
    if (!handler[kind]) continue
    if (found > 0) errors.push(forbiddenField(`${field}.${kind}`, 'may not specify more than 1 handler type'))
    else checkHandlerKind(handler, kind, { field: `${field}.${kind}`, check })
    found++
  }
  if (found === 0) errors.push(required(field, 'must specify a handler type'))
}

function checkHandlerKind(
  handler: Handler,
  kind: (typeof kinds)[number],
  { field, check }: { field: string; check: PodCheck },
): void {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  const { errors, gracePeriod } = check
  if (kind === 'exec' && !exec?.command?.length) errors.push(required(`${field}.command`))
  if (kind === 'httpGet' && httpGet) {
    if (!httpGet.path) errors.push(required(`${field}.path`))
    checkPort(httpGet.port, `${field}.port`, check)
    const schemes = ['HTTP', 'HTTPS']
    const scheme = httpGet.scheme ?? ''
    if (!schemes.includes(scheme)) errors.push(notSupported(`${field}.scheme`, scheme, schemes))
    for (const { name } of httpGet.httpHeaders ?? []) {
      checkText(name ?? '', httpHeaderName, { field: `${field}.httpHeaders`, check })
    }
  }
  if (kind === 'tcpSocket' && tcpSocket) checkPort(tcpSocket.port, `${field}.port`, check)
  if (kind === 'grpc' && grpc) checkPort(grpc.port, `${field}.port`, check)
  if (kind === 'sleep' && sleep && gracePeriod !== undefined) {
    if (sleep.seconds < 0 || sleep.seconds > gracePeriod) {
      const detail = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`
      errors.push(invalidValue(field, sleep.seconds, detail))
    }
  }
}

function checkPort(port: number | string | undefined, field: string, { errors }: PodCheck): void {
  const problems = typeof port === 'string' ? portName(port) : portNumber(port ?? 0)
  for (const problem of problems) errors.push(invalidValue(field, port ?? 0, problem))
}
