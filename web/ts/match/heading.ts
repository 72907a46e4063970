// Lines above a signatory list that name nobody. Mirrors internal/match/heading.go.
import { type Token } from "../text/text.ts";
import { lower } from "./word.ts";

const headings = new Set(
  `signatories
signatory
the signatories
first signatories
the first signatories
list of signatories
the undersigned
undersigned
signatures
first signatures
signed
signed by
endorsed by
signatory organisations
signatory organizations
signing organisations
signing organizations
undersigned organisations
undersigned organizations
signataires
les signataires
premiers signataires
les premiers signataires
liste des signataires
organisations signataires
les organisations signataires
associations signataires
les associations signataires
premières signatures
signé par
ont signé
الموقعون
الموقعين
الموقّعون
الموقّعين
قائمة الموقعين
قائمة الموقّعين
التوقيعات
المنظمات الموقعة
المنظمات الموقّعة
الجمعيات الموقعة
الجمعيات الموقّعة
الهيئات الموقعة
الهيئات الموقّعة
الجهات الموقعة
الجهات الموقّعة`.split("\n"),
);

// isHeading reports whether the tokens, a whole line, are a heading above a list.
export function isHeading(tokens: Token[], from: number, to: number): boolean {
  const next = tokens[to];
  if ((tokens[from] as Token).breaks === 0 || (next && next.breaks === 0)) return false;
  const line = tokens.slice(from, to);
  return line.length <= 4 && headings.has(line.map((t) => lower(t.text)).join(" "));
}
