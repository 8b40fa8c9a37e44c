// Structured logging. Parts are handed a Logger; only the command line decides where lines go.
import { writeSync } from 'node:fs'
import type { LevelWithSilent, Logger as Pino } from 'pino'
import { type Clock, systemClock } from './clock.ts'

export type LogFields = Readonly<Record<string, unknown>>
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFormat = 'text' | 'json'

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger whose lines carry `component: name`. */
  child(name: string): Logger
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
}

/** `base` is the one without a component: a child's child has one name, not two. */
function overPino(base: Pino, pino: Pino = base): Logger {
  return {
    debug: (message, fields) => pino.debug(fields ?? {}, message),
    info: (message, fields) => pino.info(fields ?? {}, message),
    warn: (message, fields) => pino.warn(fields ?? {}, message),
    error: (message, fields) => pino.error(fields ?? {}, message),
    child: name => overPino(base, base.child({ component: name })),
  }
}

async function jsonLogger({ level, fd }: LoggerOptions): Promise<Logger> {
  const { default: pino } = await import('pino')
  const settings = {
    level: level as LevelWithSilent,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const destination = pino.destination({ fd, sync: true })
  // What cannot be logged, on a full disk, is lost: the cluster goes on.
  destination.on('error', () => undefined)
  return overPino(pino(settings, destination))
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** A value as it reads best: words as they are, all else as JSON; a line stays one line. */
const formatValue = (value: unknown): string =>
  typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : (JSON.stringify(value) ?? String(value))

/** `12:00:01.250 WARN  scheduler: a Pod could not be bound  pod=default/web error="..."` */
function textLogger(options: LoggerOptions & { readonly clock: Clock }, component = ''): Logger {
  const { level: least, fd, clock } = options
  const write =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (levels.indexOf(level) < levels.indexOf(least)) return
      const time = new Date(clock.now()).toISOString().slice(11, 23)
      const pairs = Object.entries(fields).map(([key, value]) => `${key}=${formatValue(value)}`)
      const text = component === '' ? message : `${component}: ${message}`
      const line = `${time} ${level.toUpperCase().padEnd(5)} ${text}  ${pairs.join(' ')}`
      try {
        writeSync(fd, `${line.trimEnd()}\n`)
      } catch {
        // Lost, as above.
      }
    }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: name => textLogger(options, name),
  }
}

export interface LoggerOptions {
  /** This one and those above. */
  readonly level: LogLevel
  /** A file descriptor; 2 is stderr. */
  readonly fd: number
  /** Default `json`: one object per line. `text` is for people. */
  readonly format?: LogFormat
}

export async function openLogger(options: LoggerOptions): Promise<Logger> {
  return options.format === 'text' ? textLogger({ ...options, clock: systemClock }) : jsonLogger(options)
}
