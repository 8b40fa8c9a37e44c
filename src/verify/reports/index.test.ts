// What real runs find, on clusters of every list of families, shown in every way.
import { expect, test } from 'vitest'
import { familyOrders, formatFamilies } from '../../ip/family.ts'
import { startVerifiedCluster } from '../cluster.fake.ts'
import { languages } from '../text.ts'
import { renderHTML, renderJSON, renderJUnit, renderTerminal } from './index.ts'
import { problems } from './reportschema.fake.ts'

test.each(familyOrders.map(families => ({ families, named: formatFamilies(families) })))(
  'A run on a cluster of $named is as the schema says, and every report can show it',
  async ({ families }) => {
    const cluster = await startVerifiedCluster(families)
    try {
      const report = await cluster.run()
      expect(problems(JSON.parse(renderJSON(report)))).toEqual([])
      for (const language of languages) {
        const terminal = renderTerminal(report, { language, width: 90, color: false, evidence: true })
        const texts = [terminal, renderHTML(report, { language }), renderJUnit(report, { language })]
        for (const text of texts) {
          expect(text).not.toMatch(/undefined|\[object|NaN/)
          for (const { id } of report.checks) expect(text).toContain(id)
        }
      }
    } finally {
      await cluster.stop()
    }
  },
)

test.each([
  [['IPv4'], 'This cluster is single-stack (IPv4): '],
  [['IPv6', 'IPv4'], 'This cluster is dual-stack (IPv6, IPv4): '],
] as const)('The last line of a run on a cluster of %j says so', async (families, sentence) => {
  const cluster = await startVerifiedCluster(families)
  try {
    const text = renderTerminal(await cluster.run(), { language: 'en', width: 110, color: false })
    expect(text.trimEnd().split('\n').at(-1)).toContain(sentence)
  } finally {
    await cluster.stop()
  }
})
