// Structured logging. Parts are handed a Logger; only the command line decides where lines go.
import type { LevelWithSilent, Logger as Pino } from 'pino'

export type LogFields = Readonly<Record<string, unknown>>
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

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

function overPino(pino: Pino): Logger {
  return {
    debug: (message, fields) => pino.debug(fields ?? {}, message),
    info: (message, fields) => pino.info(fields ?? {}, message),
    warn: (message, fields) => pino.warn(fields ?? {}, message),
    error: (message, fields) => pino.error(fields ?? {}, message),
    child: name => overPino(pino.child({ component: name })),
  }
}

/** JSON lines of this level and above to a file descriptor; 2 is stderr. */
export async function openLogger(options: { level: LogLevel; fd: number }): Promise<Logger> {
  const { default: pino } = await import('pino')
  const settings = { level: options.level as LevelWithSilent, base: undefined }
  return overPino(pino(settings, pino.destination({ fd: options.fd, sync: true })))
}
