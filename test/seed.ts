// Properties and fuzzers try the same inputs whenever the tests run, so that no run fails that none before it has
// failed. FUZZ_RUNS=N looks for others, FUZZ_SEED=N for those of a seed (fuzzing.ts).
import fc from 'fast-check'

if (process.env['FUZZ_RUNS'] === undefined) fc.configureGlobal({ seed: 20_261_125 })
