// What a probe Pod looks like: it passes the restricted Pod Security level (but for those in the node's own
// network), runs on one node whatever its taints, and carries its scripts with it.
import type { Container, EnvVar, Pod } from '../api/generated/types.ts'
import { prelude } from './prelude.ts'
import type { VerifySettings } from './settings.ts'

/** Where scripts may write. */
const directory = '/verify'

/** Before each line of the runner's own in the log. */
export const mark = '@@futago'

export interface ProbePodOptions {
  readonly name?: string
  readonly generateName?: string
  readonly namespace: string
  readonly node: string
  readonly labels: Readonly<Record<string, string>>
  readonly hostNetwork: boolean
  readonly settings: Pick<VerifySettings, 'image' | 'imagePullSecrets'>
  /** Whether the server has `status.hostIPs` for the downward API (1.28). */
  readonly hasHostIPs: boolean
  /** Shell. */
  readonly main: string
  readonly env: readonly EnvVar[]
  /** Of servers: `http` and `udp`, for Services that name them. */
  readonly ports?: { readonly http: number; readonly udp: number }
}

const field = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } })

/** `$(` would be expanded by the kubelet, `$$(` stands for it. */
const literally = (text: string) => text.replaceAll('$(', '$$$$(')

export const scriptVariables = (scripts: readonly string[]): EnvVar[] =>
  scripts.map((script, index) => ({ name: `SCRIPT_${index}`, value: literally(script) }))

function container({ main, env, settings, hasHostIPs, ports }: ProbePodOptions): Container {
  return {
    ...(ports
      ? {
          ports: [
            { name: 'http', containerPort: ports.http, protocol: 'TCP' },
            { name: 'udp', containerPort: ports.udp, protocol: 'UDP' },
          ],
        }
      : {}),
    name: 'probe',
    image: settings.image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', '-c', literally(`cd ${directory}\n${prelude}\n${main}`)],
    env: [
      field('POD_NAME', 'metadata.name'),
      field('NODE_NAME', 'spec.nodeName'),
      field('POD_IPS', 'status.podIPs'),
      ...(hasHostIPs ? [field('HOST_IPS', 'status.hostIPs')] : []),
      ...env,
    ],
    // No limit for the processor: what is held back there looks like a network that is slow.
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '512Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [{ name: 'work', mountPath: directory }],
  }
}

export function probePod(options: ProbePodOptions): Pod {
  const { name, generateName, namespace, node, labels, hostNetwork, settings } = options
  const onNode = [{ key: 'metadata.name', operator: 'In', values: [node] }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...(name ? { name } : { generateName }), namespace, labels },
    spec: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: onNode }] },
        },
      },
      tolerations: [{ operator: 'Exists' }],
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { fsGroup: 65_532 },
      ...(hostNetwork ? { hostNetwork, dnsPolicy: 'ClusterFirstWithHostNet' } : {}),
      imagePullSecrets: settings.imagePullSecrets.map(name => ({ name })),
      containers: [container(options)],
      volumes: [{ name: 'work', emptyDir: {} }],
    },
  }
}

/** Serves, and says so in its log as soon as it answers. */
export const serverMain = (httpPort: number, udpPort: number): string => `
serve ${httpPort} ${udpPort} &
server=$!
trap 'kill "$server"; exit 0' TERM
if can_serve; then until http http://localhost:${httpPort}/hostname 1 >/dev/null 2>&1; do sleep 0.05; done; fi
echo "${mark} ready"
wait "$server"
`

/** Runs all scripts at once; each one's output is written in one piece when it has ended. */
export const scriptsMain = (count: number): string => `
trap 'exit 0' TERM
next=0
while [ "$next" -lt ${count} ]; do
  (
    eval "script=\\"\\$SCRIPT_$next\\""
    mkdir "in.$next"
    ( cd "in.$next"; eval "$script" ) > "$next.out" 2> "$next.err" < /dev/null
    echo "$?" > "$next.code.part"; mv "$next.code.part" "$next.code"
  ) &
  next=$((next+1))
done
finished=0
while [ "$finished" -lt ${count} ]; do
  next=0
  while [ "$next" -lt ${count} ]; do
    if [ -e "$next.code" ] && [ ! -e "$next.said" ]; then
      echo "${mark} out $next"; cat "$next.out"; echo
      echo "${mark} err $next"; cat "$next.err"; echo
      echo "${mark} end $next $(cat "$next.code")"
      : > "$next.said"; finished=$((finished+1))
    fi
    next=$((next+1))
  done
  if [ "$finished" -lt ${count} ]; then sleep 0.1; fi
done
`

/** Runs one script whose output is read while it goes on. */
export const liveMain = `
trap 'exit 0' TERM
( eval "$SCRIPT_0" ) < /dev/null
code=$?
echo; echo "${mark} err 0"; echo; echo "${mark} end 0 $code"
`

export interface ScriptOutput {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** The scripts that have ended, by their index. */
export function parseScriptLog(log: string): Map<number, ScriptOutput> {
  const outputs = new Map<number, ScriptOutput>()
  let lines: string[] = []
  let stdout = ''
  for (const line of log.split('\n')) {
    const [, what, index, code] = line.startsWith(`${mark} `) ? line.split(' ') : []
    if (what === undefined) lines.push(line)
    else {
      // The newline before a mark is the runner's own.
      const text = lines.join('\n').replace(/\n$/, '')
      if (what === 'err') stdout = text
      if (what === 'end') outputs.set(Number(index), { stdout, stderr: text, exitCode: Number(code) })
      lines = []
    }
  }
  return outputs
}
