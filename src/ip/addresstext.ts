// Whether a text is an IP address, by RFC 4291 section 2.2. Node's isIP() says the same, by a regular
// expression whose compilation takes a twentieth of a cluster's start.

const dot = 46
const colon = 58

const isDigit = (code: number) => code >= 48 && code <= 57
const isHexDigit = (code: number) =>
  isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70)

/** Four decimal numbers below 256 without leading zeros, from `start` to the end. */
function isQuad(text: string, start: number): boolean {
  let numbers = 0
  let value = -1
  for (let index = start; index <= text.length; index++) {
    const code = index < text.length ? text.charCodeAt(index) : dot
    if (code === dot) {
      if (value < 0) return false
      numbers++
      value = -1
    } else {
      if (!isDigit(code) || value === 0) return false
      value = Math.max(value, 0) * 10 + code - 48
      if (value > 255) return false
    }
  }
  return numbers === 4
}

/** Eight groups, of which `::` stands for one or more, and the last two may be written as IPv4. */
function isGroups(text: string): boolean {
  let groups = 0
  let digits = 0
  let hasGap = false
  const isWhole = (count: number) => (hasGap ? count < 8 : count === 8)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (isHexDigit(code)) {
      if (++digits > 4) return false
      continue
    }
    if (code === dot) return isQuad(text, index - digits) && isWhole(groups + 2)
    const isGap = text.charCodeAt(index + 1) === colon
    if (code !== colon || (digits === 0 && !(isGap && index === 0))) return false
    if (digits > 0) groups++
    digits = 0
    if (!isGap && index === text.length - 1) return false
    if (!isGap) continue
    if (hasGap) return false
    hasGap = true
    index++
  }
  return isWhole(groups + (digits > 0 ? 1 : 0))
}

/** The version of the address that the text is; undefined for anything else, one with a zone among it. */
export function addressVersion(text: string): 4 | 6 | undefined {
  if (isQuad(text, 0)) return 4
  return text.includes(':') && isGroups(text) ? 6 : undefined
}
