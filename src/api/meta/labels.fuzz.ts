import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz, heavyNames, orRefused } from '../../../test/fuzzing.ts'
import {
  compileLabelSelector,
  formatLabelSelector,
  type LabelRequirement,
  parseLabelSelector,
  SelectorError,
} from './labels.ts'

const word = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
const key = fc.oneof(
  word,
  fc.tuple(word, word).map(([a, b]) => `${a}.io/${b}`),
  fc.constantFrom('in', 'notin'),
)
const term = fc.oneof(
  fc.tuple(key, fc.constantFrom('=', '==', '!='), word).map(parts => parts.join('')),
  fc.tuple(key, fc.constantFrom(' in (', ' notin ('), fc.array(word)).map(([a, b, c]) => `${a}${b}${c})`),
  fc.tuple(fc.constantFrom('', '!'), key).map(parts => parts.join('')),
  fc.tuple(key, fc.constantFrom('<', '>'), fc.integer()).map(parts => parts.join('')),
)
const selector = fc.array(term, { maxLength: 5 }).map(terms => terms.join(','))
const pieces = [',', '(', ')', '!', '=', '==', '!=', ' in ', ' notin ', '<', '>', '/', ' ', '\t', '"', '\\']
const labels = fc.dictionary(fc.oneof(word, fc.constantFrom(...heavyNames)), word)

const asSets = (requirements: readonly LabelRequirement[]) =>
  requirements.map(({ values, ...rest }) => ({ ...rest, values: [...values].sort() }))

test('Every text is a selector or refused, and one that is written is read as the same', () => {
  fuzz(
    fc.property(fc.oneof(anyText, almost(selector, pieces)), labels, (text, some) => {
      const parsed = orRefused(() => parseLabelSelector(text), SelectorError)
      if (!parsed) return
      expect(asSets(parseLabelSelector(formatLabelSelector(parsed)))).toEqual(asSets(parsed))
      const matches = compileLabelSelector(parsed)?.(some) ?? true
      expect(typeof matches).toBe('boolean')
    }),
    1500,
  )
})
