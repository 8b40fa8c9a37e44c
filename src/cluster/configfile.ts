// Settings from a YAML file (`futago up --config`): the names of ClusterOptions, lists as lists or comma-
// separated.
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { accessSettings } from './access/settings.ts'
import { type ClusterOptions, ConfigError } from './config.ts'
import { etcdSettings } from './etcdsettings.ts'

type Kind = 'text' | 'number' | 'list' | 'boolean'

const settings: Readonly<Record<keyof ClusterOptions, Kind>> = {
  name: 'text',
  nodes: 'number',
  runtime: 'text',
  cni: 'text',
  ipFamilies: 'list',
  clusterCIDR: 'list',
  serviceClusterIPRange: 'list',
  loadBalancerIPRange: 'list',
  nodeIPRange: 'list',
  nodeCIDRMaskSizeIPv4: 'number',
  nodeCIDRMaskSizeIPv6: 'number',
  serviceNodePortRange: 'text',
  store: 'text',
  certDir: 'text',
  leaderElectLeaseDurationMs: 'number',
  bindAddress: 'text',
  defaultIPFamilyPolicy: 'text',
  authorizationMode: 'text',
  legacyServiceAccountTokens: 'boolean',
  securePort: 'number',
  images: 'list',
  ...accessSettings,
  ...etcdSettings,
}

const isKind: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: value => typeof value === 'string',
  boolean: value => typeof value === 'boolean',
  number: value => typeof value === 'number',
  list: value => Array.isArray(value) && value.every(item => typeof item === 'string'),
}

/** Reads settings from YAML text; `source` names it in errors. Throws ConfigError. */
export function parseConfigFile(text: string, source: string): ClusterOptions {
  let document: unknown
  try {
    document = text.trim() === '' ? {} : load(text)
  } catch (error) {
    throw new ConfigError(`Cannot read ${source}: ${(error as Error).message.split('\n')[0]}, expected YAML`)
  }
  if (document === null || document === undefined) return {}
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw new ConfigError(`Cannot read ${source}: not a map of settings, expected lines such as "nodes: 3"`)
  }
  const entries = Object.entries(document).map(([key, given]) => {
    const kind = (settings as Readonly<Record<string, Kind>>)[key]
    if (!kind) {
      const known = Object.keys(settings).join(', ')
      throw new ConfigError(`Cannot read ${source}: unknown setting ${key}, expected one of ${known}`)
    }
    const value = kind === 'list' && typeof given === 'string' ? given.split(',') : given
    if (!isKind[kind](value)) {
      throw new ConfigError(`Cannot read ${source}: ${key} is ${JSON.stringify(given)}, expected a ${kind}`)
    }
    return [key, value] as const
  })
  return Object.fromEntries(entries)
}

/** Reads settings from a YAML file. Throws ConfigError. */
export function loadConfigFile(path: string): ClusterOptions {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`Cannot read --config ${path}: ${(error as Error).message}, expected a YAML file`)
  }
  return parseConfigFile(text, path)
}
