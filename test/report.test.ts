// The HTML report in a real browser, and the JUnit report before a real XML parser.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderHTML } from '../src/verify/reports/html.ts'
import { renderJUnit } from '../src/verify/reports/junit.ts'
import {
  dualStackReport,
  interruptedReport,
  largeReport,
  singleStackReport,
  unreachableReport,
} from '../src/verify/reports/report.fake.ts'
import { languages } from '../src/verify/text.ts'
import { missingChromium, openChromium } from './chromium.ts'
import { missingProgram } from './debian.ts'

const reports = {
  'dual-stack': dualStackReport,
  'single-stack': singleStackReport(['IPv4'], ['IPv4', 'IPv6']),
  'fifty nodes': largeReport(50),
  unreachable: unreachableReport,
  interrupted: interruptedReport,
}
const folder = mkdtempSync(join(tmpdir(), 'report-'))
const screens = {
  phone: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
} as const

describe.skipIf(missingChromium())('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openChromium()
  })
  afterAll(() => browser.close())

  async function show(
    name: keyof typeof reports,
    options: { language?: 'en' | 'ja'; screen?: keyof typeof screens } = {},
  ): Promise<{ page: Page; complaints: string[] }> {
    const { language = 'en', screen = 'desktop' } = options
    const file = join(folder, `${name.replaceAll(' ', '-')}-${language}.html`)
    writeFileSync(file, renderHTML(reports[name], { language }))
    const page = await browser.newPage(screens[screen])
    const complaints: string[] = []
    page.on('console', message => complaints.push(message.text()))
    page.on('pageerror', error => complaints.push(error.message))
    page.on('request', request => {
      if (request.url() !== pathToFileURL(file).href) complaints.push(`requests ${request.url()}`)
    })
    await page.goto(pathToFileURL(file).href)
    return { page, complaints }
  }

  const cases = (Object.keys(reports) as (keyof typeof reports)[]).flatMap(name =>
    languages.flatMap(language =>
      (Object.keys(screens) as (keyof typeof screens)[]).map(screen => ({ name, language, screen })),
    ),
  )

  test.each(cases)(
    '$name, $language, $screen: no complaint, no request, no sideways scrolling',
    async ({ name, language, screen }) => {
      const { page, complaints } = await show(name, { language, screen })
      await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true')
      const [needs, has] = (await page.evaluate(
        '[document.documentElement.scrollWidth, innerWidth]',
      )) as number[]
      expect(needs).toBeLessThanOrEqual(has!)
      expect(complaints).toEqual([])
      await page.close()
    },
  )

  test('filters show the checks with an outcome, and their sections alone', async () => {
    const { page } = await show('dual-stack')
    const shown = async () => (await page.locator('.check:visible .id').allTextContents()).join(' ')
    expect((await shown()).split(' ')).toHaveLength(15)
    await page.getByText('Failures 2').click()
    expect(await shown()).toBe('NODE-04 POD-09')
    expect(await page.locator('.section:visible h3').allTextContents()).toEqual(['Nodes', 'Pods'])
    await page.keyboard.press('ArrowRight')
    expect(await shown()).toBe('NP-03')
    await page.close()
  })

  test('the link of a finding opens its check', async () => {
    const { page } = await show('dual-stack')
    expect(await page.locator('#NODE-04').isVisible()).toBe(false)
    await page.getByRole('link', { name: 'NODE-04' }).click()
    await page.locator('#NODE-04').waitFor({ state: 'visible' })
    await page.close()
  })

  test('the dark scheme is dark', async () => {
    const ground = async (screen: 'desktop' | 'dark') => {
      const { page } = await show('dual-stack', { screen })
      const color = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      await page.close()
      return color
    }
    expect(await ground('desktop')).toBe('rgb(255, 255, 255)')
    expect(await ground('dark')).toBe('rgb(19, 22, 26)')
  })

  test('paper gets every check opened and dark ink', async () => {
    const { page } = await show('dual-stack', { screen: 'dark' })
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(27, 31, 36)')
    expect(await page.locator('.filter').isVisible()).toBe(false)
    await page.getByText('2 Pods', { exact: true }).waitFor({ state: 'visible' })
    await page.close()
  })
})

const noXMLLint = missingProgram('xmllint', {
  isThere: () => existsSync('/usr/bin/xmllint'),
  packages: ['libxml2-utils'],
})

test.skipIf(noXMLLint)('xmllint reads the JUnit reports', () => {
  for (const [name, report] of Object.entries(reports)) {
    for (const language of languages) {
      const file = join(folder, `${name.replaceAll(' ', '-')}-${language}.xml`)
      writeFileSync(file, renderJUnit(report, { language }))
      const verdicts = Object.values(report.summary).reduce((sum, count) => sum + count, 0)
      const cases = execFileSync('xmllint', ['--xpath', 'count(//testcase[not(error)])', file], {
        encoding: 'utf8',
      })
      expect(Number(cases)).toBe(verdicts)
    }
  }
})
