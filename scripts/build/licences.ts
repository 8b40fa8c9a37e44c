// The licences of what the bundle contains: a copy of somebody's work carries their terms.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folders of the packages that files come from: `node_modules/ws/lib/a.js` is of `node_modules/ws`. */
export function packageFolders(inputs: readonly string[]): string[] {
  const folders = inputs.flatMap(path => {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)
    return match ? [match[1]!] : []
  })
  return [...new Set(folders)].sort()
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find(entry => /^(licen[cs]e|copying)(\.|$)/i.test(entry))
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : ''
  return `${name} ${version} (${license})\n\n${text}`.trim()
}

/** One text with the terms of every package that the files of the bundle come from. */
export function licences(root: string, inputs: readonly string[]): string {
  const texts = packageFolders(inputs).map(folder => licenceOf(join(root, folder)))
  return `futago contains parts of these packages.\n\n${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}
