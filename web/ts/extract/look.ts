// What of an element's style its words, and what is inside it, take over. Mirrors
// internal/extract/look.go.
import type { Props } from "./cascade.ts";
import { blend, faint, same } from "./colour.ts";
import type { Sheet } from "./css.ts";
import { black, fontWords, normalSize, number, parseColor, percent, pixels, reset } from "./cssvalue.ts";
import { newBox, placeBox, type Box } from "./place.ts";
import { lower, values } from "./words.ts";

// Words smaller than the first, in pixels, nobody sees; smaller than the second hardly
// anybody reads.
const unseenSize = 1.5;
const tinySize = 5;

export interface Look {
  color: number;
  alpha: number;
  named: boolean; // the colour was set, rather than left to the browser
  back: number;
  backKnown: boolean;
  size: number;
  invisible: boolean; // visibility
  opacity: number;
  family: string;
  reason: string; // why the words are in doubt
  uncertain: boolean; // the background may be set outside the file
  rtl: boolean;
  shadow: boolean; // the words may show by their shadow or outline
  pictured: boolean; // a picture is painted behind the words
  pre: boolean;
  nowrap: boolean;
  foot: boolean; // captions stand below their tables
}

// apply works out the look of an element in another.
export function apply(around: Look, p: Props, sh: Sheet): [Look, Box] {
  const l = { ...around };
  const b = newBox(p.display ?? "");
  colors(l, p);
  sizes(l, p);
  wordStyle(l, p, sh);
  placeBox(b, p, l, sh);
  return [l, b];
}

// unseen tells whether words of this look are certainly not seen.
export const unseen = (l: Look) =>
  l.invisible || l.opacity < 0.05 || l.size < unseenSize ||
  (!l.shadow && (l.alpha < 0.05 || (l.backKnown && !l.uncertain && same(blend(l.color, l.back, l.alpha), l.back))));

// doubtful says why words of this look may not be read.
export function doubtful(l: Look): string {
  if (l.reason) return l.reason;
  if (l.opacity < 0.35) return "words that hardly show";
  if (l.size < tinySize) return "words too small to read";
  if (l.pictured) return "words on a picture that may hide them";
  return l.named && faint(blend(l.color, l.back, l.alpha * l.opacity), l.back) ? "words that hardly show on their background" : "";
}

// differs tells whether two looks show words differently.
export const differs = (a: Look, b: Look) => unseen(a) !== unseen(b) || doubtful(a) !== doubtful(b);

export const untold = "what shows cannot be told from the style";

// set is a value that is there and takes nothing back.
const set = (v: string | undefined): v is string => v !== undefined && !reset(v);

const noColour = "a colour that cannot be told from the style";

function colors(l: Look, p: Props): void {
  if (set(p.opacity)) {
    const [n, unit] = number(p.opacity);
    if (unit === "?") l.reason = untold;
    else l.opacity *= Math.min(Math.max(unit === "%" ? n / 100 : n, 0), 1);
  }
  const back = p["background-color"];
  if (set(back)) {
    const c = parseColor(back);
    if (!c) {
      l.backKnown = false;
      l.reason = noColour;
    }
    else if (c[1] > 0) {
      l.backKnown ||= c[1] === 1;
      l.back = blend(c[0], l.back, c[1]);
      l.uncertain &&= c[1] < 1;
      l.pictured &&= c[1] < 1;
    }
  }
  const image = p["background-image"];
  if (set(image) && image !== "none") {
    l.backKnown = false;
    l.pictured = true;
  }
  if (p["border-image"] || p["box-shadow"]?.includes("inset")) l.backKnown = false;
  for (const k of ["text-shadow", "-webkit-text-stroke", "-webkit-text-stroke-width"]) {
    const v = p[k];
    if (set(v)) l.shadow = v !== "none" && v !== "0";
  }
  for (const k of ["color", "-webkit-text-fill-color"]) {
    const v = p[k];
    if (v === undefined || v === "inherit" || v === "unset" || v === "currentcolor") continue;
    const c = parseColor(v);
    if (reset(v)) {
      l.color = black;
      l.alpha = 1;
    } else if (!c) l.reason = noColour;
    else if (c[1] < 0.05 && (p["background-clip"] || p["-webkit-background-clip"])) l.reason = "words painted by their background";
    else {
      [l.color, l.alpha] = c;
      l.named = true;
    }
  }
}

// sizes works out the size of the words.
function sizes(l: Look, p: Props): void {
  const v = p["font-size"];
  if (v === undefined || v === "inherit" || v === "unset") return;
  const word = fontWords.get(v);
  if (reset(v)) l.size = normalSize;
  else if (word !== undefined) l.size = word || (v === "smaller" ? l.size / 1.2 : l.size * 1.2);
  else {
    const n = pixels(v, l.size);
    if (v.endsWith("%")) l.size = ((n ?? 0) / percent) * l.size / 100;
    else if (n === undefined) l.reason = "a size that cannot be told from the style";
    else l.size = n;
  }
}

// wordStyle works out what else changes what is read.
function wordStyle(l: Look, p: Props, sh: Sheet): void {
  const seen = p.visibility;
  if (seen === "hidden" || seen === "collapse") l.invisible = true;
  else if (seen === "visible" || seen === "initial") l.invisible = false;
  else if (seen?.includes("(")) l.reason = untold;
  const blanks = p["white-space"];
  if (blanks) {
    l.pre = blanks.startsWith("pre") || blanks === "break-spaces";
    l.nowrap = blanks === "pre" || blanks === "nowrap";
  }
  const side = p["caption-side"];
  if (side) l.foot = side !== "top" && side !== "block-start";
  if (p.direction === "rtl" || p.direction === "ltr") l.rtl = p.direction === "rtl";
  if (set(p["font-family"])) l.family = p["font-family"];
  if (sh.fonts.size > 0) {
    if (l.family.includes("var(")) l.reason = travels;
    const family = lower(l.family);
    for (const name of sh.fonts) if (family.includes(name)) l.reason = travels;
  }
  for (const k of tricky) {
    const v = p[k];
    if (set(v) && !/^(none|normal|auto)$/.test(v)) l.reason = wordTricks(k, v) || l.reason;
  }
  if (p["text-transform"] === "none" && l.reason === transformed) l.reason = "";
  if (p["animation-name"] && p["animation-name"] !== "none" && sh.moves) l.reason = "words that an animation may hide";
}

const travels = "letters of a font that travels in the file";
const transformed = "capitals that are not in the file";

// tricky are the properties that wordTricks knows.
const tricky = (
  "unicode-bidi text-transform -webkit-text-security text-decoration-line letter-spacing word-spacing line-height " +
  "filter mask mask-image -webkit-mask-image mix-blend-mode offset-path writing-mode vertical-align font-size-adjust mask-box-image text-decoration-thickness text-underline-offset " +
  "-webkit-text-stroke -webkit-text-stroke-width"
).split(" ");

const thick = "words under a thick line";

// wordTricks says what a declaration does to words, apart from hiding them.
function wordTricks(name: string, v: string): string {
  const px = pixels(v, normalSize);
  if (v.includes("(") && (/^(line-height|vertical-align|unicode-bidi)$/.test(name) || (name === "text-decoration-line" && v.includes("var(")))) return untold;
  switch (name) {
    case "font-size-adjust":
      return "a size that cannot be told from the style";
    case "text-decoration-thickness":
      return v !== "from-font" && (px === undefined || px > 5) ? thick : "";
    case "text-underline-offset":
      return px === undefined || px < -2 ? "words that are struck through" : "";
    case "-webkit-text-stroke":
    case "-webkit-text-stroke-width":
      return values(v).some((f) => (pixels(f, normalSize) ?? 0) > 1 || /calc\(|var\(/.test(f)) ? "words that hardly show" : "";
    case "unicode-bidi":
      return v.includes("override") ? "the order of the letters is turned round" : "";
    case "text-transform":
      return transformed;
    case "-webkit-text-security":
      return "letters are replaced by signs";
    case "text-decoration-line":
      if (v.includes("line-through")) return "words that are struck through";
      return values(v).some((f) => (pixels(f, normalSize) ?? 0) > 5) ? thick : "";
    case "letter-spacing":
    case "word-spacing":
      return px === undefined || px < -3 ? "letters stand on each other" : "";
    case "line-height": {
      const [n, unit] = number(v);
      const least: Record<string, number> = { "": 0.5, "%": 50, px: 6, em: 0.5 };
      return n < (least[unit] ?? -Infinity) ? "lines stand on each other" : "";
    }
    case "vertical-align":
      return px !== undefined && (px > 10 || px < -10) ? "words that are moved" : "";
    case "writing-mode":
      return v !== "horizontal-tb" ? "the words run from top to foot" : "";
  }
  return "words that a picture effect may hide";
}
