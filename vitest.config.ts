import { defineConfig } from 'vitest/config'

// Threads without isolation: a process per file costs five seconds for thirty files, this half a second.
const shared = { pool: 'threads' as const, isolate: false, globalSetup: 'test/temporary.ts' }
const patient = { testTimeout: 60_000, hookTimeout: 120_000 }

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

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['src/**/*.{test,fuzz}.ts', 'scripts/**/*.test.ts'],
          // For what hangs; a busy machine may take its time.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          ...shared,
          ...patient,
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: clusters,
          // They mostly wait for other programs.
          maxWorkers: 2,
        },
      },
      { test: { ...shared, ...patient, name: 'clusters', include: clusters, maxWorkers: 2 } },
    ],
  },
})
