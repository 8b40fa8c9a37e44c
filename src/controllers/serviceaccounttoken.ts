// Fills Secrets of the type kubernetes.io/service-account-token with a token of the ServiceAccount that they
// name, and removes them with it: kube-controller-manager's tokens controller. Before 1.24 it also made such
// a Secret for every ServiceAccount; old clients and test suites wait for that, so it can be asked for.
import type { Secret, ServiceAccount } from '../api/generated/types.ts'
import { isAlreadyExists, isNotFound } from '../api/status.ts'
import { defineController, onChange, type ReconcileContext } from './controller.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'
import { secrets, serviceAccounts } from './resources.ts'

const type = 'kubernetes.io/service-account-token'
const fieldSelector = `type=${type}`
const nameAnnotation = 'kubernetes.io/service-account.name'
const uidAnnotation = 'kubernetes.io/service-account.uid'

export interface ServiceAccountTokenOptions {
  /** Makes a token that is good for as long as the Secret holds it. */
  readonly issue: (contents: {
    readonly namespace: string
    readonly secretName: string
    readonly account: { readonly name: string; readonly uid: string }
  }) => string
  /** The API server's authority, in PEM. */
  readonly rootCA: string
  /** Makes a Secret for each ServiceAccount that lists none, as before 1.24. */
  readonly forEveryAccount?: boolean
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** What the Secret should hold; undefined when it holds that already. */
function filled(secret: Secret, account: ServiceAccount, options: ServiceAccountTokenOptions) {
  const { namespace = '', name: secretName = '', annotations = {} } = secret.metadata
  const { name = '', uid = '' } = account.metadata
  const { token, ...data } = secret.data ?? {}
  const isSame =
    annotations[uidAnnotation] === uid && token && data['ca.crt'] === base64(options.rootCA) && data.namespace
  if (isSame) return undefined
  const fresh = () => base64(options.issue({ namespace, secretName, account: { name, uid } }))
  return {
    metadata: { annotations: { [uidAnnotation]: uid } },
    data: { 'ca.crt': base64(options.rootCA), namespace: base64(namespace), token: token ?? fresh() },
  }
}

const secretsOf = ({ cache, key }: ReconcileContext): Secret[] =>
  [...cache.informer(secrets, fieldSelector).values()].filter(
    ({ metadata }) => `${metadata.namespace}/${metadata.annotations?.[nameAnnotation]}` === key,
  )

async function removeSecret(secret: Secret, { client }: ReconcileContext): Promise<void> {
  const { namespace, name = '', uid = '' } = secret.metadata
  try {
    await client.delete(secrets, { ...(namespace ? { namespace } : {}), name }, { preconditions: { uid } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/** Whether a Secret that the account lists is one of those that were made for it, and is no more. */
async function isLost(
  account: ServiceAccount,
  secret: string,
  { client }: ReconcileContext,
): Promise<boolean> {
  const { namespace, name } = account.metadata
  if (!namespace || !secret.startsWith(`${name}-token-`)) return false
  try {
    await client.get(secrets, { namespace, name: secret })
    return false
  } catch (error) {
    if (isNotFound(error)) return true
    throw error
  }
}

/** Takes Secrets that were deleted off the account's list; true when there were any. */
async function dropLost(account: ServiceAccount, context: ReconcileContext): Promise<boolean> {
  const listed = account.secrets ?? []
  const known = new Set(secretsOf(context).map(({ metadata }) => metadata.name))
  const lost = new Set<string>()
  for (const { name = '' } of listed) {
    if (!known.has(name) && (await isLost(account, name, context))) lost.add(name)
  }
  if (lost.size === 0) return false
  const { resourceVersion, namespace = '', name = '' } = account.metadata
  const rest = listed.filter(each => !lost.has(each.name ?? ''))
  const patch = { metadata: { resourceVersion }, secrets: rest }
  await context.client.patch(serviceAccounts, { namespace, name }, patch)
  return true
}

/** Lists a new Secret in the account; the Secret's own event has it filled. */
async function giveSecret(account: ServiceAccount, { client }: ReconcileContext): Promise<void> {
  const { namespace = '', name = '' } = account.metadata
  const annotations = { [nameAnnotation]: name }
  try {
    const metadata = { namespace, generateName: `${name}-token-`, annotations }
    const secret = await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, type })
    const listed = [...(account.secrets ?? []), { name: secret.metadata.name! }]
    await client.patch(serviceAccounts, { namespace, name }, { secrets: listed })
  } catch (error) {
    if (!isAlreadyExists(error) && !isNotFound(error) && !isNamespaceTerminating(error)) throw error
  }
}

export const serviceAccountTokenController = (options: ServiceAccountTokenOptions) =>
  defineController({
    name: 'tokens-controller',
    for: serviceAccounts,
    watches: [
      {
        ...onChange(secrets, ({ metadata }) => {
          const account = metadata.annotations?.[nameAnnotation]
          return account ? [`${metadata.namespace}/${account}`] : []
        }),
        fieldSelector,
      },
    ],
    async reconcile(account, context) {
      const kept = secretsOf(context)
      for (const secret of kept) {
        const { namespace = '', name = '', annotations } = secret.metadata
        const uid = annotations?.[uidAnnotation]
        if (uid !== undefined && uid !== account.metadata.uid) {
          await removeSecret(secret, context)
          continue
        }
        const patch = filled(secret, account, options)
        if (patch) await context.client.patch(secrets, { namespace, name }, patch)
      }
      if (account.metadata.deletionTimestamp !== undefined || (await dropLost(account, context))) return
      if (options.forEveryAccount && !account.secrets?.length) await giveSecret(account, context)
    },
    async deleted(_key, context) {
      for (const secret of secretsOf(context)) await removeSecret(secret, context)
    },
  })
