// How the HTML report looks: one palette per colour scheme, of which the test computes the contrasts
// (WCAG 2.2 AA: 4.5 for text), and one layout that holds from a phone to paper.

interface Palette {
  readonly page: string
  readonly panel: string
  readonly line: string
  readonly text: string
  readonly muted: string
  readonly pass: string
  readonly warn: string
  readonly fail: string
  readonly skip: string
  readonly notEvaluable: string
  /** What stands on a filled area of one of the five. */
  readonly onFill: string
}

export const palettes: Readonly<Record<'light' | 'dark', Palette>> = {
  light: {
    page: '#ffffff',
    panel: '#f5f6f8',
    line: '#d9dde2',
    text: '#1b1f24',
    muted: '#59626d',
    pass: '#176f31',
    warn: '#855300',
    fail: '#b3201a',
    skip: '#59626d',
    notEvaluable: '#5a45ad',
    onFill: '#ffffff',
  },
  dark: {
    page: '#13161a',
    panel: '#1c2026',
    line: '#343b44',
    text: '#e5e8eb',
    muted: '#a0a9b4',
    pass: '#5cc676',
    warn: '#e3b04b',
    fail: '#ff8f86',
    skip: '#a0a9b4',
    notEvaluable: '#b8abff',
    onFill: '#13161a',
  },
}

const variables = (palette: Palette) =>
  Object.entries(palette)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';')

const outcomes = ['pass', 'warn', 'fail', 'skip', 'notEvaluable'] as const

/** Without a script: which checks are shown is decided by which radio button is checked. */
const filters = outcomes
  .map(
    outcome => `body:has(#show-${outcome}:checked) :is(
.check:not([data-outcomes~=${outcome}]),.section:not(:has([data-outcomes~=${outcome}]))){display:none}`,
  )
  .join('\n')

const layout = `
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
:lang(ja) body,body:lang(ja){font-family:system-ui,-apple-system,"Hiragino Sans","Noto Sans JP",
"Noto Sans CJK JP","Yu Gothic UI",Meiryo,sans-serif;line-height:1.7;line-break:strict}
main,header,footer{max-width:66rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.5rem}
h1{font-size:clamp(1.4rem,1.1rem + 1.5vw,2rem);line-height:1.25;font-weight:650;margin:.25rem 0 .5rem;
letter-spacing:-.01em;text-wrap:balance}
:lang(ja) :is(h1,h3){word-break:auto-phrase}
h2{font-size:1.2rem;font-weight:650;margin:3rem 0 1rem}
h3{font-size:1rem;font-weight:650;margin:2rem 0 .5rem}
p{margin:.5rem 0}
a{color:inherit;text-underline-offset:.2em;text-decoration-color:var(--muted)}
a:hover{text-decoration-color:currentColor}
:focus-visible{outline:2px solid var(--notEvaluable);outline-offset:2px;border-radius:3px}
code,.value{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Noto Sans Mono",monospace;
font-size:.875em}
code{background:var(--panel);border:1px solid var(--line);border-radius:4px;padding:.05em .3em;
display:inline-block;max-width:100%;line-height:1.4}
.value{white-space:pre-wrap}
.eyebrow,.muted,dt,figcaption,footer{color:var(--muted)}
.eyebrow{font-size:.875rem;margin:0}
.counts{font-size:1.05rem}
.verdict{border-left:.3rem solid var(--outcome);padding-left:1.1rem}
.pass{--outcome:var(--pass)}.warn{--outcome:var(--warn)}.fail{--outcome:var(--fail)}
.skip{--outcome:var(--skip)}.notEvaluable{--outcome:var(--notEvaluable)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.25rem;margin:.75rem 0}
dt{font-size:.9rem}dt::first-letter{text-transform:uppercase}dd{margin:0;min-width:0}
.facts{margin-top:1.75rem;border-top:1px solid var(--line);padding-top:1rem}
.families{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));gap:1rem}
.family{background:var(--panel);border-radius:8px;padding:1rem 1.25rem}
.family h3{margin:0;display:flex;justify-content:space-between;align-items:baseline}
.family h3 small{font-weight:400;color:var(--muted)}
.bar{display:flex;gap:2px;height:.6rem;margin:.75rem 0;border-radius:3px;overflow:hidden}
.bar span{background:var(--outcome);min-width:3px}
.tally{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;margin:0;padding:0;list-style:none}
.tally b{font-variant-numeric:tabular-nums}
.outcome{color:var(--outcome);white-space:nowrap;font-weight:600}
.finding{border:1px solid var(--line);border-left:.3rem solid var(--outcome);border-radius:6px;
padding:1rem 1.25rem;margin:0 0 1rem;break-inside:avoid}
.finding h3{margin:0 0 .15rem}
.finding dl{margin-bottom:0}
.remedy{display:block;background:var(--panel);border-radius:5px;padding:.35rem .7rem;margin-left:-.7rem}
.remedy code{background:var(--page)}
.reasons li{margin-bottom:.5rem}
.reasons .ids{color:var(--muted);font-size:.9rem}
.matrices{display:flex;flex-wrap:wrap;gap:1.5rem 2.5rem}
figure{margin:0;max-width:100%}
figcaption{margin-bottom:.4rem}figcaption b{color:var(--text)}
.scroll{overflow-x:auto;max-width:100%}
svg{display:block;font:11px system-ui,sans-serif}
svg text{fill:var(--text)}
.cell.reached rect{fill:var(--pass)}.cell.failed rect{fill:var(--fail)}
.cell.notTried rect{fill:var(--panel);stroke:var(--line)}
.cell path{fill:none;stroke:var(--onFill);stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.cell text{fill:var(--onFill);text-anchor:middle;font-size:9px}
.cell circle{fill:var(--muted)}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;margin:0 0 1.25rem;padding:0;list-style:none;
color:var(--muted);font-size:.9rem}
.legend svg{display:inline-block;vertical-align:-.2em;margin-right:.4em}
.filter{border:0;padding:0;margin:0 0 1rem;display:flex;flex-wrap:wrap;gap:.5rem;min-width:0}
.filter legend{float:left;padding:.3rem .5rem .3rem 0;color:var(--muted)}
.filter input{position:absolute;opacity:0}
.filter label{border:1px solid var(--line);border-radius:1rem;padding:.2rem .8rem;cursor:pointer;
font-size:.9rem}
.filter label:hover{border-color:var(--muted)}
.filter input:checked+label{background:var(--text);color:var(--page);border-color:var(--text)}
.filter input:focus-visible+label{outline:2px solid var(--notEvaluable);outline-offset:2px}
.check{border-top:1px solid var(--line)}
.section .check:last-child{border-bottom:1px solid var(--line)}
.check summary{display:grid;grid-template-columns:5.5rem 1fr auto;gap:.25rem 1rem;padding:.45rem 0;
cursor:pointer;list-style:none}
.check summary::-webkit-details-marker{display:none}
.check summary:hover .title{text-decoration:underline;text-decoration-color:var(--muted);
text-underline-offset:.2em}
.check .id{font-variant-numeric:tabular-nums;color:var(--muted)}
.cells{display:grid;grid-auto-flow:column;grid-auto-columns:8rem;gap:.5rem}
.cells small{color:var(--muted);font-weight:400}
.body{padding:.25rem 0 1rem 6.5rem}
.anchor{scroll-margin-top:4.5rem;display:block}
.body .who{margin:.75rem 0 0;font-weight:600}
.body dl{margin:.25rem 0 0}
@media (min-width:56rem){.facts{grid-template-columns:max-content 1.2fr max-content 1fr}}
footer{padding-top:3rem;padding-bottom:3rem;font-size:.9rem}
@media (max-width:44rem){
main,header,footer{padding-left:1rem;padding-right:1rem}
header{padding-top:1.5rem}
.check summary{grid-template-columns:4.8rem 1fr}
.check .title{grid-column:1/-1;grid-row:2}
.cells{grid-auto-columns:auto;justify-content:end;gap:.9rem}
.body{padding-left:0}
dl:not(.facts){grid-template-columns:1fr;gap:0}dl:not(.facts) dd+dt{margin-top:.5rem}
.remedy{margin-left:0}
}
@media print{
body{font-size:10pt}
main,header,footer{max-width:none;padding:0}
.filter{display:none}
.check{break-inside:avoid}
details::details-content{content-visibility:visible;display:block;block-size:auto}
h2,h3{break-after:avoid}
.scroll{overflow:visible}svg{max-width:100%;height:auto}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}`

export const stylesheet = `:root{${variables(palettes.light)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(palettes.dark)}}}
${layout}
${filters}
`
