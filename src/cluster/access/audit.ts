// From the settings to an audit log that is open.
import type { AuditOptions, AuditSink } from '../../apiserver/audit/audit.ts'
import { AuditFile, auditStream } from '../../apiserver/audit/logfile.ts'
import { compileAuditPolicy } from '../../apiserver/audit/policy.ts'
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/log.ts'
import { ConfigError } from '../configerror.ts'
import { readSetting } from './authentication.ts'
import type { AuditConfig } from './settings.ts'

interface AuditServices {
  readonly clock: Clock
  readonly log: Logger
}

async function openSink(
  { logPath: path, ...limits }: AuditConfig,
  services: AuditServices,
): Promise<AuditSink> {
  if (path === '-') return auditStream(process.stdout)
  try {
    return await AuditFile.open({ path, ...limits, ...services })
  } catch (error) {
    throw new ConfigError(`Cannot use --audit-log-path ${path}: ${(error as Error).message}`)
  }
}

/** Undefined when nothing is to be recorded. Rejects with ConfigError. */
export async function openAudit(
  config: AuditConfig | undefined,
  services: AuditServices,
): Promise<AuditOptions | undefined> {
  if (!config) return undefined
  const { load } = await import('js-yaml')
  const policy = readSetting('--audit-policy-file', config.policyFile, text => compileAuditPolicy(load(text)))
  return { policy, sink: await openSink(config, services) }
}
