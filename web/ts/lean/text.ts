// The canonical form of plain texts: Latin and Arabic letters, digits, and the signs of
// everyday writing. What holds anything else has no form here, and is the engine's: every
// form that is given here is the one of edition sijil-text/1 (docs/formats/text.md), which
// internal/text's tests hold against the engine's for every character of the set.

// Plain is the canonical form, and its lines: the tokens without bullets at line starts,
// each behind one character. A blank stands within a line, "\n" behind one line end, "\f"
// behind more; "\v" and "\r" are these two with a bullet.
export type Plain = readonly [canonical: string, lines: string];

const arabic = "ؠ-ؿف-ي";
const marks = "\u064b-\u0652";
const word = `[0-9A-Za-zÀ-ÖØ-öø-ſ${arabic}${marks}]+`;
// Of ASCII the signs *, <, >, ^, _, ` and ~ are missing, to which the engine gives a meaning.
const other = new RegExp(`[^ \n!-)+-;=?-\\]a-}°§À-ſ€…•${arabic}${marks}]|(?<![${arabic}${marks}])[${marks}]|[${marks}]{4}`);
const token = new RegExp(`${word}(?:(?:'|(?<=\\d)[.,](?=\\d))${word})*|-+|\\.{3}|\\S`, "g");

// plainForm throws where the text is not plain.
export function plainForm(text: string): Plain {
  const s = text
    // Three full stops are one token where they touch, and not across what is left out.
    .replace(/(?<![.…])[\u00ad\u0640\u200e\u200f]/g, "")
    .replace(/[\t\u00a0\u2000-\u200a\u202f]/g, " ")
    .replace(/[‘-‛]/g, "'")
    .replace(/[“-‟«»]/g, '"')
    .replace(/[‐-―]/g, "-")
    .replace(/·/g, "•")
    .replace(/،/g, ",")
    .replace(/؛/g, ";")
    .replace(/؟/g, "?")
    .replace(/[٠-٩۰-۹]/g, (c) => `${c.charCodeAt(0) & 15}`);
  if (other.test(s)) throw 0;
  let [canonical, lines, gap] = ["", "", "\n"];
  for (const line of s.normalize("NFC").split("\n")) {
    let bullet = false;
    for (let t of line.match(token) ?? []) {
      t = t[0] === "-" ? "-" : t === "…" ? "..." : t;
      canonical += ` ${t}`;
      if (t === "•" && gap !== " ") bullet = true;
      else {
        lines += (bullet ? (gap === "\n" ? "\v" : "\r") : gap) + t;
        gap = " ";
        bullet = false;
      }
    }
    if (bullet) throw 0;
    gap = gap === " " ? "\n" : "\f";
  }
  if (!lines) throw 0;
  return [canonical.slice(1), lines];
}

// flat has a blank before each token.
export const flat = ([, lines]: Plain) => lines.replace(/\s/g, " ");
