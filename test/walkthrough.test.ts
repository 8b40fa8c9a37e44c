// The README and the walkthroughs, every command in them, run as a reader would run them.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { newHome } from './futago.ts'
import { kubectlVersions, missingKubectl, root, runShell } from './kubectl.ts'
import { normalize, readTranscript } from './transcript.ts'

const walkthroughs = ['docs/walkthrough.md', 'docs/walkthrough.ja.md']
const read = (path: string) => readFileSync(join(root, path), 'utf8')

test.each(walkthroughs)('%s shows the manifests that its commands apply', document => {
  const markdown = read(document)
  const shown = [...markdown.matchAll(/\]\((examples\/[^)]+)\)[^`]*(?:`\w+`[^`]*)*```yaml\n([\s\S]*?)```/g)]
  expect(shown).toHaveLength(5)
  for (const [, path, text] of shown) expect(text).toBe(read(`docs/${path}`))
})

describe.each(['README.md', ...walkthroughs])('%s', document => {
  describe.each(kubectlVersions)('with kubectl %s', version => {
    const missing = missingKubectl(version)
    const home = newHome()
    const environment = { FUTAGO_HOME: home }
    const kubeconfig = join(home, 'default/kubeconfig')
    const run = (command: string) => runShell(command, { kubectl: version, kubeconfig, environment })

    afterAll(async () => {
      if (!missing) await run('./futago down --delete')
      rmSync(home, { recursive: true, force: true })
    })

    test.skipIf(missing)('prints what it says', { timeout: 120_000 }, async () => {
      const steps = readTranscript(read(document), version)
      expect(steps.length).toBeGreaterThan(6)
      for (const { line, command, output } of steps) {
        // The port that a reader would use may be taken here.
        const shown = async () =>
          normalize((await run(command.replace('--detach', '--detach --secure-port 0'))).stdout)
        const message = `${document}:${line} ${command}`
        const expected = normalize(output)
        // What is read may need a moment, as for a reader.
        if (/^kubectl (get|describe|exec)/.test(command)) {
          await expect.poll(shown, { message, timeout: 10_000 }).toBe(expected)
        } else expect(await shown(), message).toBe(expected)
      }
    })
  })
})
