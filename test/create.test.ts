// `kubectl create`, every subcommand: kubectl 1.34 sends protobuf, and what arrives is what it says itself
// that it would send.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestedCluster } from './futago.ts'
import { missingKubectl } from './kubectl.ts'

const commands = [
  'namespace blue',
  'serviceaccount builder',
  'configmap settings --from-literal=colour=blue --from-literal=size=10',
  'secret generic keys --from-literal=password=s3cret',
  'secret docker-registry pull --docker-username=u --docker-password=p',
  'deployment web --image=nginx:1.29 --replicas=3 --port=80',
  "job pi --image=perl -- perl -e 'print 1'",
  "cronjob tick --image=busybox --schedule='*/5 * * * *' -- date",
  'service clusterip inside --tcp=80:8080',
  'service nodeport open --tcp=80:http --node-port=30080',
  'service loadbalancer front --tcp=443:8443',
  'service externalname away --external-name=example.com',
  "ingress site --class=nginx --rule='example.com/api*=web:80,tls=cert' --annotation=a=b",
  'role reader --verb=get,list --resource=pods,deployments.apps --resource-name=web',
  'clusterrole watcher --verb=watch --resource=nodes',
  'clusterrole probe --verb=get --non-resource-url=/healthz',
  "clusterrole all --aggregation-rule='rbac/all=true'",
  'rolebinding readers --role=reader --user=ann --group=team --serviceaccount=default:builder',
  'clusterrolebinding watchers --clusterrole=watcher --serviceaccount=default:builder',
  'quota limits --hard=cpu=2,memory=1Gi,pods=10 --scopes=NotBestEffort',
  'poddisruptionbudget half --selector=app=web --min-available=50%',
  'priorityclass high --value=1000 --description=important --preemption-policy=Never',
]

const missing = missingKubectl('1.34')

/** Without what is empty, and without a status, which is the cluster's to say. */
function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .filter(([key]) => key !== 'status')
    .map(([key, inner]) => [key, strip(inner)] as const)
    .filter(([, inner]) => inner !== null && (typeof inner !== 'object' || Object.keys(inner!).length > 0))
  return Object.fromEntries(entries)
}

/** The options of the command itself come before what a container runs. */
const withOptions = (command: string, options: string) =>
  command.includes(' -- ') ? command.replace(' -- ', ` ${options} -- `) : `${command} ${options}`

describe.skipIf(missing)('kubectl create', () => {
  let cluster: TestedCluster
  beforeAll(async () => {
    cluster = await TestedCluster.up(['--store', 'memory'])
  })
  afterAll(() => cluster.remove())

  test.each(commands)('%s', async command => {
    const dryRun = withOptions(command, '--dry-run=client -o json')
    const expected = JSON.parse(await cluster.print(`kubectl create ${dryRun}`))
    const created = JSON.parse(await cluster.print(`kubectl create ${withOptions(command, '-o json')}`))
    expect(created).toMatchObject(strip(expected) as object)
  })

  test('token: a token that says whose it is', async () => {
    const request = 'builder --duration=10m --bound-object-kind=Secret --bound-object-name=keys'
    const token = (await cluster.print(`kubectl create token ${request}`)).trim()
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
    expect(claims.exp - claims.iat).toBe(600)
    expect(claims).toMatchObject({
      sub: 'system:serviceaccount:default:builder',
      'kubernetes.io': { namespace: 'default', secret: { name: 'keys' } },
    })
  })
})
