// Lines above a signatory list that name nobody. Mirrors internal/match/heading.go.
import { type Token } from "../text/text.ts";
import type { Line } from "./list.ts";
import { countWords, isWord, lower } from "./word.ts";

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

// signing are the words by which a line says that who is named signed, in small letters and
// without vowel signs.
const signing = new Set(
  ("signed cosigned signatories signatory signers cosigners signatures undersigned endorsed endorsers endorsements " +
  "supporters signataire signataires cosignataires signé signée signés signées cosigné cosignée cosignés signent " +
  "soutiens soutenu soutenue الموقعون الموقعين الموقعة الموقعات موقعون موقعين التوقيعات توقيعات توقيع بتوقيع وقع " +
  "وقعت وقعه وقعها وقعته ووقع المؤيدون المؤيدين المؤيدة أيده أيدها").split(" "),
);

const maxHeading = 7; // words of a heading that ends in a colon
const maxTitle = 4; // and of one that does not
const maxClaimed = 8; // of the line under it

// claimsOf are the surroundings that name signatories of their own: a reader may take them
// for those of the declaration. A heading without a colon is one behind the text alone,
// since above it menus stand.
export const claimsOf = (t: Token[], lines: Line[], after: number): Line[] =>
  lines.filter((l, i) => {
    let colon = l.from;
    while (colon < l.to && t[colon]?.text !== ":") colon++;
    const { words, signs, ends } = speaks(t.slice(l.from, colon));
    if (!signs || words > maxHeading) return false;
    if (countWords(t.slice(colon, l.to)) > 0) return true;
    const next = lines[i + 1];
    if (!next || next.from < l.to || !(colon < l.to || (ends && words <= maxTitle && l.from >= after))) return false;
    const under = t.slice(next.from, next.to);
    const s = speaks(under);
    return countWords(t.slice(l.to, next.from)) === 0 && !s.signs && s.words <= maxClaimed && under.some((w) => isWord(w) && !isNumber(w));
  });

// speaks counts words, and tells whether one of them speaks of signing, and whether the last
// of them does, or names who signs, and none is a number.
function speaks(tokens: Token[]): { words: number; signs: boolean; ends: boolean } {
  const words = tokens.filter(isWord).map((t) => lower(t.text).replace(/\p{Mn}/gu, ""));
  const last = words[words.length - 1] ?? "";
  return { words: words.length, signs: words.some((w) => signing.has(w)), ends: (signing.has(last) || last === "by" || last === "par") && !tokens.some((t) => isWord(t) && isNumber(t)) };
}

const isNumber = (t: Token) => /\p{Nd}/u.test(t.text);
