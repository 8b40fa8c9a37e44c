// What a process tells about itself: the flags for its log, and where its traces go. That is set as
// everywhere with OpenTelemetry, by environment variables (its specification, "OpenTelemetry Protocol
// Exporter"), or by kube-apiserver's TracingConfiguration.
import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { systemClock } from '../component/clock.ts'
import type { LogFormat, Logger, LogLevel } from '../component/log.ts'
import type { OTLPTracerOptions } from '../component/otlptracer.ts'
import type { Tracer } from '../component/tracing.ts'
import { futagoVersion } from '../component/version.ts'
import { CommandError } from './commanderror.ts'

export interface ObservationFlags {
  readonly logLevel: LogLevel
  readonly logFormat?: LogFormat
  readonly tracingConfigFile?: string
}

export const addObservationFlags = (command: Command): Command =>
  command
    .addOption(
      new Option('--log-level <level>', 'what to log to stderr')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('warn'),
    )
    .addOption(
      new Option(
        '--log-format <format>',
        'text, the default at a terminal, or json: an object per line',
      ).choices(['text', 'json']),
    )
    .option(
      '--tracing-config-file <file>',
      'a TracingConfiguration; without it OTEL_EXPORTER_OTLP_ENDPOINT says',
    )

/** A person reads what goes to a terminal, a program what does not. */
export const logFormatOf = ({ logFormat }: Pick<ObservationFlags, 'logFormat'>): LogFormat =>
  logFormat ?? (process.stderr.isTTY ? 'text' : 'json')

type TracingSettings = Pick<OTLPTracerOptions, 'endpoint' | 'headers' | 'serviceName' | 'samplingRatio'>

/** `authorization=Bearer%20x,tenant=a` */
function headersIn(text: string): Record<string, string> {
  const pairs = text.split(',').filter(pair => pair.includes('='))
  return Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at).trim().toLowerCase(), decodeURIComponent(pair.slice(at + 1).trim())]
    }),
  )
}

function ratioOf({ OTEL_TRACES_SAMPLER: sampler = '', OTEL_TRACES_SAMPLER_ARG: text }: Environment): number {
  if (sampler.endsWith('always_off')) return 0
  if (!sampler.endsWith('traceidratio')) return 1
  const ratio = Number(text ?? 1)
  if (ratio >= 0 && ratio <= 1) return ratio
  throw new CommandError(`Cannot trace: OTEL_TRACES_SAMPLER_ARG is ${text}, expected a number from 0 to 1`)
}

type Environment = Readonly<Record<string, string | undefined>>

function fromEnvironment(environment: Environment): TracingSettings | undefined {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole, OTEL_EXPORTER_OTLP_ENDPOINT: base } = environment
  const endpoint = whole || (base && `${base.replace(/\/$/, '')}/v1/traces`)
  const isOff = environment.OTEL_SDK_DISABLED === 'true' || environment.OTEL_TRACES_EXPORTER === 'none'
  if (!endpoint || isOff) return undefined
  const headers =
    environment.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? environment.OTEL_EXPORTER_OTLP_HEADERS ?? ''
  return {
    endpoint,
    headers: headersIn(headers),
    serviceName: environment.OTEL_SERVICE_NAME || 'futago',
    samplingRatio: ratioOf(environment),
  }
}

/** kube-apiserver's file; the endpoint is one for OTLP over HTTP, where upstream speaks gRPC. */
async function fromFile(path: string, environment: Environment): Promise<TracingSettings> {
  const { load } = await import('js-yaml')
  const expected = 'expected kind: TracingConfiguration with an endpoint'
  let document: { kind?: unknown; endpoint?: unknown; samplingRatePerMillion?: unknown } | undefined
  try {
    document = load(readFileSync(path, 'utf8')) as typeof document
  } catch (error) {
    throw new CommandError(`Cannot read ${path}: ${(error as Error).message.split('\n')[0]}, ${expected}`)
  }
  const { kind, endpoint = 'localhost:4318', samplingRatePerMillion = 0 } = document ?? {}
  const isValid =
    kind === 'TracingConfiguration' &&
    typeof endpoint === 'string' &&
    typeof samplingRatePerMillion === 'number' &&
    samplingRatePerMillion >= 0 &&
    samplingRatePerMillion <= 1e6
  if (!isValid) throw new CommandError(`Cannot read ${path}: it is none, ${expected}`)
  const base = /^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`
  return {
    endpoint: `${base.replace(/\/$/, '')}/v1/traces`,
    serviceName: environment.OTEL_SERVICE_NAME || 'futago',
    samplingRatio: samplingRatePerMillion / 1e6,
  }
}

/** Undefined: nothing is traced. Throws CommandError for settings that cannot be followed. */
export async function tracingSettings(
  file: string | undefined,
  environment: Environment,
): Promise<TracingSettings | undefined> {
  const settings = file ? await fromFile(file, environment) : fromEnvironment(environment)
  if (settings && !URL.canParse(settings.endpoint)) {
    throw new CommandError(
      `Cannot trace: the endpoint ${settings.endpoint} is no URL, expected one such as http://localhost:4318`,
    )
  }
  return settings
}

/** Loads what traces are made with only where they go somewhere. */
export async function openTracer(file: string | undefined, log: Logger): Promise<Tracer | undefined> {
  const settings = await tracingSettings(file, process.env)
  if (!settings) return undefined
  const { OTLPTracer } = await import('../component/otlptracer.ts')
  return new OTLPTracer({
    ...settings,
    serviceVersion: futagoVersion,
    clock: systemClock,
    onError: error => log.warn('traces were not taken', { error: String(error) }),
  })
}
