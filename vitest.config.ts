import { defineConfig } from 'vitest/config'

// Threads without isolation: a process per file costs five seconds for thirty files, this half a second.
const shared = { pool: 'threads' as const, isolate: false, globalSetup: 'test/temporary.ts' }

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'unit', include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'] } },
      {
        test: {
          ...shared,
          name: 'system',
          include: ['test/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
