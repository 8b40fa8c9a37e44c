// The environment variables of a container: envFrom, env with its references, and those of Services, in an
// order that is always the same (upstream makeEnvironmentVariables, whose order is random).
import type { Container, EnvFromSource, EnvVar, Pod, Service } from '../api/generated/types.ts'
import { environmentVariableName } from '../api/meta/names.ts'
import { expandReferences } from './expansion.ts'
import { type DownwardContext, fieldValue, resourceValue } from './fieldpath.ts'
import type { References } from './references.ts'
import { serviceVariables, type Variable } from './serviceenvironment.ts'

/** A reference leads nowhere: the container waits with reason CreateContainerConfigError. */
export class ContainerConfigError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ContainerConfigError'
  }
}

export interface VariablesContext extends DownwardContext {
  readonly references: References
  readonly services: Iterable<Service>
}

type Entries = readonly (readonly [key: string, value: string])[]

const decode = (base64: string) => Buffer.from(base64, 'base64').toString()

const sorted = (data: Readonly<Record<string, string>> = {}, read = (value: string) => value): Entries =>
  Object.keys(data)
    .sort()
    .map(key => [key, read(data[key] ?? '')])

async function entriesFrom(
  source: EnvFromSource,
  namespace: string,
  references: References,
): Promise<Entries> {
  const { configMapRef, secretRef } = source
  if (configMapRef) {
    const found = await references.configMap(namespace, configMapRef.name ?? '')
    if (!found && !configMapRef.optional) {
      throw new ContainerConfigError(`configmap "${configMapRef.name}" not found`)
    }
    return sorted(found?.data)
  }
  if (!secretRef) return []
  const found = await references.secret(namespace, secretRef.name ?? '')
  if (!found && !secretRef.optional) throw new ContainerConfigError(`secret "${secretRef.name}" not found`)
  return sorted(found?.data, decode)
}

interface KeyReference {
  readonly name?: string
  readonly key: string
  readonly optional?: boolean
}

/** Undefined: optional and absent, so the variable does not exist at all. */
async function configMapValue(selector: KeyReference, namespace: string, references: References) {
  const found = await references.configMap(namespace, selector.name ?? '')
  const value = found?.data?.[selector.key]
  if (value !== undefined || selector.optional) return value
  throw new ContainerConfigError(
    found
      ? `couldn't find key ${selector.key} in ConfigMap ${namespace}/${selector.name}`
      : `configmap "${selector.name}" not found`,
  )
}

async function secretValue(selector: KeyReference, namespace: string, references: References) {
  const found = await references.secret(namespace, selector.name ?? '')
  const value = found?.data?.[selector.key]
  if (value !== undefined || selector.optional) return value === undefined ? undefined : decode(value)
  throw new ContainerConfigError(
    found
      ? `couldn't find key ${selector.key} in Secret ${namespace}/${selector.name}`
      : `secret "${selector.name}" not found`,
  )
}

interface Asking {
  readonly pod: Pod
  readonly container: string
  readonly context: VariablesContext
}

async function referencedValue(variable: EnvVar, { pod, container, context }: Asking) {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = variable.valueFrom ?? {}
  const namespace = pod.metadata.namespace ?? ''
  if (fieldRef) {
    const value = fieldValue(pod, fieldRef.fieldPath, context)
    if (value === undefined) throw new ContainerConfigError(`unsupported fieldPath: ${fieldRef.fieldPath}`)
    return value
  }
  if (resourceFieldRef) return resourceValue(pod, { selector: resourceFieldRef, container }, context)
  if (configMapKeyRef) return configMapValue(configMapKeyRef, namespace, context.references)
  if (secretKeyRef) return secretValue(secretKeyRef, namespace, context.references)
  return undefined
}

/** Whether the values depend on objects besides the Pod and Services. */
export const hasReferences = ({ env, envFrom }: Container): boolean =>
  Boolean(
    envFrom?.length || env?.some(({ valueFrom }) => valueFrom?.configMapKeyRef || valueFrom?.secretKeyRef),
  )

/** Throws ContainerConfigError. */
export async function containerVariables(
  pod: Pod,
  container: Container,
  context: VariablesContext,
): Promise<Variable[]> {
  const namespace = pod.metadata.namespace ?? ''
  const links = serviceVariables(context.services, namespace, {
    enableServiceLinks: pod.spec?.enableServiceLinks ?? true,
  })
  const services = new Map(links)
  const values = new Map<string, string>()
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of await entriesFrom(source, namespace, context.references)) {
      const name = `${source.prefix ?? ''}${key}`
      if (environmentVariableName(name).length === 0) values.set(name, value)
    }
  }
  const asking = { pod, container: container.name, context }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await referencedValue(variable, asking)
      : expandReferences(variable.value ?? '', name => values.get(name) ?? services.get(name))
    if (value !== undefined) values.set(variable.name, value)
  }
  return [...values, ...links.filter(([name]) => !values.has(name))]
}
