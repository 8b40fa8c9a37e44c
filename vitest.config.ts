import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Threads without isolation: a process per file costs five seconds for thirty files, this half a second.
const shared = {
  pool: 'threads' as const,
  isolate: false,
  globalSetup: 'test/temporary.ts',
  // Like all limits here for what hangs; a busy machine may take its time.
  expect: { poll: { timeout: 30_000 } },
}
const patient = { testTimeout: 240_000, hookTimeout: 240_000 }

/** Each starts clusters with containers and looks at what they do to the host. */
const clusters = [
  'containerdcluster',
  'kubelet',
  'verifycontainers',
  'verifypodbreaks',
  'verifypolicybreaks',
  'verifyservicebreaks',
  'walkthrough',
].map(name => `test/${name}.test.ts`)

/** What takes longest begins first, so that nothing waits for it in the end. */
const longest =
  'verifyservicebreaks verifypodbreaks verifypolicybreaks kubectl cri policy proxy page storekill'.split(' ')

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = longest.findIndex(name => moduleId.endsWith(`/test/${name}.test.ts`))
      return index < 0 ? longest.length : index
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['src/**/*.{test,fuzz}.ts', 'scripts/**/*.test.ts'],
          setupFiles: 'test/seed.ts',
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          ...shared,
          ...patient,
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: clusters,
          // They mostly wait, for other programs and for what is lost on purpose.
          maxWorkers: 3,
        },
      },
      { test: { ...shared, ...patient, name: 'clusters', include: clusters, maxWorkers: 3 } },
    ],
  },
})
