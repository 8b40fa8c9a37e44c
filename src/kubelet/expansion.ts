// $(NAME) in a container's command, arguments and environment values: replaced when the name is known, left
// alone when not; $$ stands for a dollar sign (upstream third_party/forked/golang/expansion).

export function expandReferences(text: string, lookUp: (name: string) => string | undefined): string {
  let at = text.indexOf('$')
  if (at < 0) return text
  const lastClose = text.lastIndexOf(')')
  let expanded = ''
  let from = 0
  for (; at >= 0; at = text.indexOf('$', from)) {
    expanded += text.slice(from, at)
    from = at + 2
    const next = text[at + 1]
    if (next === '$') expanded += '$'
    else if (next === '(' && at < lastClose) {
      const end = text.indexOf(')', from)
      expanded += lookUp(text.slice(from, end)) ?? text.slice(at, end + 1)
      from = end + 1
    } else {
      expanded += '$'
      from = at + 1
    }
  }
  return expanded + text.slice(from)
}
