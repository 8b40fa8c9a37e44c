// Clusters with real containers for system tests, and what they may leave on the host: nothing.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostNames, nodeNames } from '../src/cluster/containerd/hostnames.ts'
import { cgroupHierarchies } from '../src/host/cgroups.ts'
import { hostExec } from '../src/host/exec.ts'
import { commandLineOf } from '../src/host/processes.ts'
import { busyboxArchive, busyboxImage } from './containerd.ts'
import { newHome, TestedCluster } from './futago.ts'

/** What these tests need of the machine, for whyNot(). */
export const clusterNeeds = [
  'containerd',
  'ctr',
  'runc',
  'nsenter',
  'unshare',
  'ip',
  'nft',
  'iptables',
  'conntrack',
  'sysctl',
  'bridge',
  'host-local',
  'portmap',
  'busybox',
]

const pids = () => readdirSync('/proc').filter(name => /^\d+$/.test(name))

/** Of the cluster in this folder everything that is outside of it; of a cluster that is stopped nothing. */
export async function hostTraces(home: string, name = 'default'): Promise<string[]> {
  const directory = join(home, name)
  const names = hostNames(directory)
  const marks = [directory, names.runDirectory, names.link]
  const isMarked = (text: string) => marks.some(mark => text.includes(mark))
  const links = (await hostExec.run('ip', ['-o', 'link'])).stdout.split('\n')
  const routes = await Promise.all(
    ['-4', '-6'].map(async family => (await hostExec.run('ip', [family, 'route'])).stdout.split('\n')),
  )
  const tables = (await hostExec.run('nft', ['list', 'tables'])).stdout.split('\n')
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const groups = cgroupHierarchies().map(root => join(root, names.cgroup))
  const processes = pids().map(pid => commandLineOf(Number(pid)).join(' '))
  return [
    ...[...links, ...routes.flat(), ...tables, ...mounts].filter(isMarked),
    ...groups.filter(existsSync),
    ...processes.filter(isMarked),
    ...[names.runDirectory].filter(existsSync),
  ]
}

/** A Deployment that fits the image; its Pods serve their own name on port 8080 in both families. */
export const webDeployment = (replicas: number) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
      containers:
      - name: web
        image: ${busyboxImage}
        imagePullPolicy: Never
        command: [sh, -c, 'hostname > /tmp/index.html; exec httpd -f -p 8080 -h /tmp']
`

export async function upWithContainers(
  flags: readonly string[] = [],
  home = newHome(),
): Promise<TestedCluster> {
  mkdirSync(home, { recursive: true })
  const image = join(home, 'busybox.tar')
  writeFileSync(image, busyboxArchive())
  return TestedCluster.up(['--runtime', 'containerd', '--nodes', '2', '--image', image, ...flags], home)
}

/** Ends with SIGKILL every process of the cluster's node whose command line matches. */
export function killOnNode(home: string, node: string, pattern: RegExp): number {
  const directory = join(home, 'default')
  const { runDirectory, directory: nodeDirectory } = nodeNames(hostNames(directory), directory, node)
  const marks = [`${runDirectory}/`, `${nodeDirectory}/`]
  const found = pids()
    .map(Number)
    .filter(pid => {
      const line = commandLineOf(pid).join(' ')
      return pattern.test(line) && marks.some(mark => line.includes(mark))
    })
  for (const pid of found) process.kill(pid, 'SIGKILL')
  return found.length
}
