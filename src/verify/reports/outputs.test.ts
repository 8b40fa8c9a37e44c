import { describe, expect, test } from 'vitest'
import { parseOutputs, writeReports } from './outputs.ts'
import { dualStackReport } from './report.fake.ts'

describe('parseOutputs()', () => {
  test.each([
    [[], [{ format: 'terminal' }]],
    [['json'], [{ format: 'json' }]],
    [
      ['terminal', 'html=a=b.html', 'json'],
      [{ format: 'terminal' }, { format: 'html', file: 'a=b.html' }, { format: 'json' }],
    ],
    [
      ['junit=x.xml', 'json'],
      [{ format: 'junit', file: 'x.xml' }, { format: 'json' }],
    ],
  ])('%j', (texts, outputs) => {
    expect(parseOutputs(texts)).toEqual(outputs)
  })

  test('says what it expects', () => {
    expect(() => parseOutputs(['yaml'])).toThrow(
      'Cannot write the output "yaml": expected terminal, json, junit, html, or one of them with =FILE',
    )
    expect(() => parseOutputs(['json='])).toThrow('Cannot write the output "json="')
    expect(() => parseOutputs(['json', 'html'])).toThrow(
      'Cannot write json and html to standard output: they would mix, expected a file for one of them, ' +
        'such as --output html=FILE',
    )
  })
})

describe('writeReports()', () => {
  async function written(...texts: string[]): Promise<Record<string, string>> {
    const got: Record<string, string> = {}
    const keep = (where: string) => (text: string) => {
      got[where] = (got[where] ?? '') + text
    }
    await writeReports(dualStackReport, parseOutputs(texts), {
      language: 'en',
      width: 80,
      color: true,
      stdout: keep('stdout'),
      stderr: keep('stderr'),
      writeFile: async (path, text) => keep(path)(text),
    })
    return got
  }

  test('writes each report where it belongs', async () => {
    const got = await written('terminal', 'html=r.html', 'junit=r.xml', 'json=r.json')
    expect(Object.keys(got).sort()).toEqual(['r.html', 'r.json', 'r.xml', 'stdout'])
    expect(got['r.html']).toMatch(/^<!doctype html>/)
    expect(got['r.xml']).toMatch(/^<\?xml/)
    expect(JSON.parse(got['r.json']!)).toEqual(dualStackReport)
    expect(got.stdout).toContain('\u001b[')
  })

  test('keeps a pipe free of anything but the report for programs', async () => {
    const got = await written('terminal', 'json')
    expect(JSON.parse(got.stdout!)).toEqual(dualStackReport)
    expect(got.stderr).toContain('NODE-04')
  })

  test('writes a terminal report without colours into a file', async () => {
    const got = await written('terminal=r.txt')
    expect(got['r.txt']).not.toContain('\u001b')
    expect(got.stdout).toBeUndefined()
  })
})
