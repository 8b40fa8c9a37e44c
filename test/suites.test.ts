// The test suites that docs/testing.md shows, run as they stand there: by vitest, jest and node:test in an empty
// project with what `npm pack` makes, and in Python against `futago up --detach`.
import { readFileSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHome } from './futago.ts'
import { root } from './kubectl.ts'
import { Project } from './project.ts'
import { missingPythonClient, python3 } from './python.ts'

const text = readFileSync(join(root, 'docs/testing.md'), 'utf8')

/** Name -> the block that begins with it in a comment. */
const files = new Map(
  [...text.matchAll(/```\w+\n((?:\/\/|#) ([\w.]+\.(?:js|cjs|py))\n[\s\S]*?)```/g)].map(([, code, name]) => [
    name!,
    code!,
  ]),
)
/** Of the table: runner -> its first line. */
const firstLines = new Map(
  [...text.matchAll(/^\| ([\w:]+) \| `(import .*)` \| `.*` \|$/gm)].map(([, name, line]) => [name!, line!]),
)

let project: Project
beforeAll(async () => {
  project = await Project.create(['vitest', 'vite', 'jest', '@jest/globals'])
  project.write('package.json', '{ "private": true, "type": "module" }')
  project.write('jest.config.js', 'export default { cacheDirectory: ".jest", transform: {} }')
  project.write('expose.js', files.get('expose.js')!)
})
afterAll(() => project.remove())

/** On a machine that does much else a cluster may take longer than a runner allows a test. */
const patient = ['--testTimeout=30000', '--hookTimeout=30000']

/** `expose.test.js` for a runner, under a name that only this one looks for. */
function writeSuite(runner: string, name: string): void {
  const suite = files.get('expose.test.js')!
  const shown = firstLines.get('vitest')!
  expect(suite).toContain(shown)
  project.write(name, suite.replace(shown, firstLines.get(runner)!))
}

const outcome = ({ exitCode, stdout, stderr }: { exitCode: number | null; stdout: string; stderr: string }) =>
  `${exitCode}\n${stdout}${stderr}`

test('vitest runs the tests of the operator', async () => {
  writeSuite('vitest', 'vitest/expose.test.js')
  project.write('vitest/expose.js', files.get('expose.js')!)
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--dir', 'vitest', '--pool', 'threads', ...patient]
  const result = await project.run('node', args, { NO_COLOR: '1' })
  expect(outcome(result)).toMatch(/^0\n[\s\S]*Tests {2}4 passed \(4\)/)
})

test('jest runs them, and those in CommonJS', async () => {
  writeSuite('jest', 'jest/expose.test.js')
  project.write('jest/expose.js', files.get('expose.js')!)
  project.write('jest/web.test.cjs', files.get('web.test.cjs')!)
  const args = ['node_modules/jest/bin/jest.js', '--runInBand', '--testPathPatterns', 'jest/', patient[0]!]
  const result = await project.run('node', args, { NODE_OPTIONS: '--experimental-vm-modules' })
  expect(outcome(result)).toMatch(/^0\n[\s\S]*Tests: +5 passed, 5 total/)
  expect(result.stderr).not.toContain('did not exit')
})

test('node:test runs them', async () => {
  writeSuite('node:test', 'node/expose.test.js')
  project.write('node/expose.js', files.get('expose.js')!)
  const result = await project.run('node', ['--test', 'node/'])
  expect(outcome(result)).toMatch(/^0\n[\s\S]*# pass 4\n/)
})

const python = missingPythonClient()

test.skipIf(python)(
  `unittest of Python runs with a detached cluster${python ? `: ${python}` : ''}`,
  async () => {
    project.write('bin/README', 'A command, as npm installs it.')
    symlinkSync(join(project.folder, 'node_modules/futago/dist/cli.js'), join(project.folder, 'bin/futago'))
    project.write('test_web.py', files.get('test_web.py')!)
    const result = await project.run(python3, ['-m', 'unittest'], {
      PATH: `${join(project.folder, 'bin')}${delimiter}${process.env['PATH']}`,
      FUTAGO_HOME: newHome(),
    })
    expect(outcome(result)).toMatch(/^0\n[\s\S]*Ran 1 test in .*\n\nOK\n/)
  },
)

test('What the documentation shows is all used here', () => {
  expect([...files.keys()]).toEqual(['expose.js', 'main.js', 'expose.test.js', 'web.test.cjs', 'test_web.py'])
  expect([...firstLines.keys()]).toEqual(['vitest', 'jest', 'node:test'])
})
