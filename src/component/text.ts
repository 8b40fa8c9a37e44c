// Texts that come from outside, in time that grows with their length: /x+$/ tries each run of x anew.

/** Without all the `character`s at its end. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === character) end--
  return end === text.length ? text : text.slice(0, end)
}
