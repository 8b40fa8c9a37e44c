// A real browser for the tests: Debian's chromium, driven by playwright-core.
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { missingProgram } from './debian.ts'

const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const find = () => paths.find(path => existsSync(path))

export const missingChromium = (): string | false =>
  missingProgram('chromium', {
    isThere: () => find() !== undefined,
    packages: ['chromium', 'fonts-noto-cjk'],
  })

export const openChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: find()!, args: ['--no-sandbox'] })
