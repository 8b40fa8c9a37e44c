// The README and the walkthroughs, every command in them, run as a reader would run them.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { clusterNeeds } from './containercluster.ts'
import { busyboxArchive } from './containerd.ts'
import { newHome } from './futago.ts'
import { kubectlVersions, missingKubectl, root, runShell } from './kubectl.ts'
import { whyNot } from './needs.ts'
import { normalize, readTranscript } from './transcript.ts'

const walkthroughs = ['docs/walkthrough.md', 'docs/walkthrough.ja.md']
const read = (path: string) => readFileSync(join(root, path), 'utf8')

test.each(walkthroughs)('%s shows the manifests that its commands apply', document => {
  const markdown = read(document)
  const shown = [...markdown.matchAll(/\]\((examples\/[^)]+)\)[^`]*(?:`\w+`[^`]*)*```yaml\n([\s\S]*?)```/g)]
  expect(shown).toHaveLength(5)
  for (const [, path, text] of shown) expect(text).toBe(read(`docs/${path}`))
})

const simulated = ['README.md', ...walkthroughs].flatMap(document =>
  kubectlVersions.map(version => ({ document, version, runtime: 'simulated' })),
)
const withContainers = [
  { document: 'docs/walkthrough.md', version: '1.34', runtime: 'containerd' },
  { document: 'docs/walkthrough.ja.md', version: '1.20', runtime: 'containerd' },
] as const

/** Only clusters with containers have a Service for names. */
const withoutDNS = (text: string) => text.replace(/^.*kube-system\/kube-dns\n/gm, '')

/** What the documents run, made of busybox: it serves nothing, and `set` is a program in it. */
function exampleImage(home: string): string {
  const archive = join(home, 'agnhost.tar')
  mkdirSync(home, { recursive: true })
  const image = busyboxArchive({
    name: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
    files: [{ path: 'bin/set', mode: 0o755, content: '#!/bin/sh\nexec env\n' }],
    command: ['sleep', '1000000'],
  })
  writeFileSync(archive, image)
  return archive
}

describe.each([...simulated, ...withContainers])(
  '$document with kubectl $version, $runtime',
  ({ document, version, runtime }) => {
    const reason = runtime === 'containerd' ? whyNot(clusterNeeds) : undefined
    const missing = missingKubectl(version) || reason
    const home = newHome()
    const upFlags = () =>
      runtime === 'containerd' ? `--runtime containerd --image ${exampleImage(home)}` : '--runtime simulated'
    const environment = { FUTAGO_HOME: home }
    const kubeconfig = join(home, 'default/kubeconfig')
    const run = (command: string) => runShell(command, { kubectl: version, kubeconfig, environment })

    afterAll(async () => {
      if (!missing) await run('./futago down --delete')
      rmSync(home, { recursive: true, force: true })
    })

    test.skipIf(missing)(reason ? `is skipped: ${reason}` : 'prints what it says', async () => {
      const steps = readTranscript(read(document), version)
      expect(steps.length).toBeGreaterThan(6)
      for (const { line, command, output } of steps) {
        // The port that a reader would use may be taken here.
        const flags = `--detach --secure-port 0 ${upFlags()}`
        const shown = async () =>
          normalize(withoutDNS((await run(command.replace('--detach', flags))).stdout))
        const message = `${document}:${line} ${command}`
        const expected = normalize(output)
        // What is read may need a moment, as for a reader.
        if (/^kubectl (get|describe|exec)/.test(command)) {
          await expect.poll(shown, { message }).toBe(expected)
        } else expect(await shown(), message).toBe(expected)
      }
    })
  },
)
