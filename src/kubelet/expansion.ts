// $(NAME) in a container's command, arguments and environment values: replaced when the name is known, left
// alone when not; $$ stands for a dollar sign (upstream third_party/forked/golang/expansion).

export function expandReferences(text: string, lookUp: (name: string) => string | undefined): string {
  if (!text.includes('$')) return text
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, next: string, name: string | undefined) =>
    next === '$' ? '$' : (lookUp(name ?? '') ?? whole),
  )
}
