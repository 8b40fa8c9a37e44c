// docs/walkthrough.md and docs/walkthrough.ja.md, every command in them, run as a reader would run them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestedCluster } from './futago.ts'
import { kubectlVersions, missingKubectl, root } from './kubectl.ts'
import { normalize, readTranscript } from './transcript.ts'

const documents = ['docs/walkthrough.md', 'docs/walkthrough.ja.md']
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe.each(documents)('%s', document => {
  const markdown = read(document)

  test('shows the manifests that its commands apply', () => {
    const shown = [...markdown.matchAll(/\]\((examples\/[^)]+)\)[^`]*```yaml\n([\s\S]*?)```/g)]
    expect(shown.length).toBeGreaterThan(3)
    for (const [, path, text] of shown) expect(text).toBe(read(`docs/${path}`))
  })

  describe.each(kubectlVersions)('with kubectl %s', version => {
    const missing = missingKubectl(version)
    let cluster: TestedCluster
    beforeAll(async () => {
      if (!missing) cluster = await TestedCluster.up(['--store', 'memory'])
    })
    afterAll(() => cluster?.remove())

    test.skipIf(missing)('prints what it says', async () => {
      const steps = readTranscript(markdown, version)
      expect(steps.length).toBeGreaterThan(10)
      for (const step of steps.filter(({ command }) => command.startsWith('kubectl '))) {
        const waits = /^kubectl (get|describe)/.test(step.command)
        const run = async () => normalize((await cluster.shell(step.command, version)).stdout)
        const where = `${document}:${step.line} ${step.command}`
        if (waits) await expect.poll(run, { message: where, timeout: 10_000 }).toBe(normalize(step.output))
        else expect(await run(), where).toBe(normalize(step.output))
      }
    })
  })
})
