// How many columns text takes in a terminal, and lines broken to fit: Chinese, Japanese and Korean characters
// are two columns wide (Unicode Standard Annex #11) and may be separated anywhere except beside the
// punctuation that belongs to them (JIS X 4051).

/** East Asian Wide and Fullwidth. */
const wideRanges = [
  '\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3',
  '\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}',
].join('')
const wide = new RegExp(`^[${wideRanges}]|\\p{Emoji_Presentation}`, 'u')
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what an escape sequence begins with
const escapeSequences = /\u001b\[[0-9;?]*[A-Za-z]/g

/** Without colours and the like. */
const plain = (text: string) => text.replace(escapeSequences, '')

const isPlainASCII = (text: string) => /^[\x20-\x7e]*$/.test(text)

/** Columns on a terminal; escape sequences take none. */
export function widthOf(text: string): number {
  const shown = plain(text)
  if (isPlainASCII(shown)) return shown.length
  let width = 0
  for (const { segment } of graphemes.segment(shown)) {
    width += /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u.test(segment) ? 0 : wide.test(segment) ? 2 : 1
  }
  return width
}

/** Filled up with spaces to a width. */
export const padTo = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)))

/** Cut to a width, with an ellipsis where something is missing. Text without escape sequences only. */
export function truncate(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let used = 1
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment)
    if (used > width) break
    kept += segment
  }
  return width < 1 ? '' : `${kept}…`
}

const opening = '「『（［｛〈《【〔'
const closing = '、。，．・：；？！」』）］｝〉》】〕ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々'
const cjk = '\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\uff00-\\uffe6'
/** White space, a katakana word, a wide character or a word, with the punctuation that belongs to it. */
const pieces = new RegExp(
  `\\s+|[${opening}]*(?:[\\u30a1-\\u30fa\\u30fc]+|[${cjk}]|[^\\s${cjk}]+)[${closing}]*`,
  'gu',
)

/**
 * Breaks text into lines of at most `width` columns. A word that is longer than a line, such as a command,
 * stays whole, so that it can be copied. Line breaks in the text are kept.
 */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap(paragraph => {
    const lines: string[] = []
    let line = ''
    for (const piece of paragraph.match(pieces) ?? []) {
      if (line.trim() !== '' && widthOf(line) + widthOf(piece.trimEnd()) > width) {
        lines.push(line.trimEnd())
        line = piece.trimStart()
      } else line += piece
    }
    return [...lines, line.trimEnd()]
  })
}
