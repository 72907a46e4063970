// What the style sheets of a page say. Mirrors internal/extract/css.go and cssdecl.go.
import { joined, next, splitTokens, type CSSLexer, type CSSToken } from "./csslex.ts";
import { fontWords, parseColor } from "./cssvalue.ts";
import { parseSelector, selectorKey, type Selector } from "./selector.ts";
import { belowZero, cut, fields, lower, set, trim, values } from "./words.ts";

// What a page's own style sheets may hold. Beyond it nobody knows what is shown.
const maxRules = 20_000;
const maxSelector = 512; // tokens
const maxCSSDepth = 16;
const maxDecls = 100_000;
const maxFonts = 200;

export interface Decl { name: string; value: string; important: boolean; some: boolean } // some: not every browser knows the name

// CSSRule is what its declarations are for one selector. A rule that applies only
// sometimes, such as on a small screen, is a maybe.
export interface CSSRule { sel: Selector; decls: Decl[]; maybe: boolean }

export interface Sheet {
  rules: CSSRule[];
  decls: number;
  index: Map<string, number[]>;
  fonts: Set<string>; // families whose letters are in the file
  outside: number; // sheets that are not in the file
  complex: boolean; // what is hidden cannot be told
  moves: boolean; // there are animations of what hides
  dark: boolean; // the page may be shown light on dark
  minus: boolean; // a custom property may be below zero
  link: string; // the colours of links that the body names
  visited: string;
  work: number; // compounds that were compared
}

export const newSheet = (): Sheet => ({ rules: [], decls: 0, index: new Map(), fonts: new Set(), outside: 0, complex: false, moves: false, dark: false, minus: false, link: "", visited: "", work: 0 });

// addSheet reads one style sheet.
export const addSheet = (sh: Sheet, source: string, maybe: boolean) => block(sh, { s: source, i: 0 }, maybe, 0);

// block reads rules up to the brace that ends them, or the end.
function block(sh: Sheet, l: CSSLexer, maybe: boolean, depth: number): void {
  if (depth > maxCSSDepth) {
    sh.complex = true;
    l.i = l.s.length;
    return;
  }
  let prelude: CSSToken[] = [];
  for (;;) {
    const t = next(l);
    if (t.kind === "\0" || (t.kind === "}" && depth > 0)) return;
    if (t.kind === "{") {
      rule(sh, prelude, l, maybe);
      prelude = [];
    } else if (t.kind === "@" && prelude.length === 0) atRule(sh, lower(t.text), l, maybe, depth);
    else if (prelude.length === 0 && (t.kind === " " || t.kind === "c")) continue;
    else if (prelude.length <= maxSelector) prelude.push(t);
  }
}

function atRule(sh: Sheet, name: string, l: CSSLexer, maybe: boolean, depth: number): void {
  const prelude: CSSToken[] = [];
  let t = next(l);
  for (; !"\0;{}".includes(t.kind); t = next(l)) if (prelude.length <= maxSelector) prelude.push(t);
  const s = joined(prelude);
  if (name === "import") sh.outside++;
  // Every selector asks for elements of another language.
  else if (name === "namespace" && !s.includes("1999/xhtml") && /^(url\(|")/.test(trim(s))) sh.complex = true;
  if (t.kind !== "{") return;
  switch (name) {
    case "media": // every screen answers these
      return block(sh, l, maybe || !/^(all|screen)?$/.test(trim(joined(prelude))), depth + 1);
    case "supports":
    case "layer":
    case "container":
    case "scope":
    case "document":
    case "-moz-document":
    case "starting-style":
      return block(sh, l, true, depth + 1);
    case "counter-style":
      sh.complex = true; // markers may say anything
      break;
    case "font-face":
      return fontFace(sh, declarations(sh, l));
    case "keyframes":
    case "-webkit-keyframes":
    case "-moz-keyframes":
      sh.moves = skipBlock(l) || sh.moves;
      return;
  }
  skipBlock(l);
}

// skipBlock reads to the end of a block, and tells whether a property that can hide
// words is named in it.
function skipBlock(l: CSSLexer): boolean {
  let touchy = false;
  for (let depth = 1; depth > 0; ) {
    const t = next(l);
    if (t.kind === "\0") return touchy;
    if (t.kind === "{") depth++;
    else if (t.kind === "}") depth--;
    else if (t.kind === "i") touchy ||= hiding.has(lower(t.text));
  }
  return touchy;
}

function fontFace(sh: Sheet, decls: Decl[]): void {
  let family = "";
  let inside = false;
  for (const d of decls) {
    if (d.name === "font-family") family = d.value.replace(/^"+|"+$/g, "");
    else if (d.name === "size-adjust") inside = true;
    else if (d.name === "src") inside ||= d.value.includes("data:");
  }
  if (inside && family !== "") {
    sh.fonts.add(lower(family));
    sh.complex ||= sh.fonts.size > maxFonts;
  }
}

// rule keeps the declarations that matter for each of the selectors.
function rule(sh: Sheet, prelude: CSSToken[], l: CSSLexer, maybe: boolean): void {
  const decls = declarations(sh, l).filter((d) => d.name !== "src" && d.name !== "size-adjust");
  if (decls.length === 0) return;
  if (prelude.length > maxSelector) {
    sh.complex = true;
    return;
  }
  // One selector that a browser does not know drops the whole rule.
  const parts = splitTokens(prelude, ",");
  const sels: Selector[] = [];
  for (const part of parts) {
    const [sel, ok] = parseSelector(part);
    if (ok) sels.push(sel);
    maybe ||= parts.length > 1 && (sel.odd || (!ok && !sel.parts.at(-1)?.never));
  }
  for (const sel of sels) {
    sh.complex ||= sel.untold;
    sh.decls += decls.length;
    if (sh.rules.length >= maxRules || sh.decls > maxDecls) {
      sh.complex = true;
      return;
    }
    const key = selectorKey(sel);
    const at = sh.index.get(key);
    if (at) at.push(sh.rules.length);
    else sh.index.set(key, [sh.rules.length]);
    sh.rules.push({ sel, decls, maybe });
  }
}

// declarations reads a block of declarations. A rule nested in it makes the sheet
// complex when it can hide words.
export function declarations(sh: Sheet, l: CSSLexer): Decl[] {
  const out: Decl[] = [];
  let name = "";
  let colon = false;
  let value: CSSToken[] = [];
  let depth = 0;
  const flush = (keep: boolean) => {
    if (keep && name.startsWith("--")) sh.minus ||= belowZero(joined(value));
    else if (keep && colon && out.length < maxRules) appendDecl(out, name, value);
    name = "";
    colon = false;
    value = [];
  };
  for (;;) {
    const t = next(l);
    if (t.kind === "\0" || (t.kind === "}" && depth === 0)) {
      flush(true);
      return out;
    }
    if (t.kind === ";" && depth === 0) flush(true);
    else if (t.kind === "{") {
      sh.complex = skipBlock(l) || sh.complex;
      flush(false);
      depth = 0;
    } else if (!colon && t.kind === ":") colon = true;
    else if (!colon && t.kind === "i" && name === "") name = lower(t.text);
    else if (!colon && t.kind !== " ") name = "?"; // no browser takes this for a declaration
    else {
      if (colon && value.length < maxSelector) value.push(t);
      if ("([f".includes(t.kind)) depth++;
      else if (")]".includes(t.kind) && depth > 0) depth--;
    }
  }
}

// hiding are the properties by which words may be hidden, moved or replaced.
// Declarations of other properties are not kept.
const hiding = set(
  "display visibility opacity font-size color background-color background-image clip clip-path text-indent " +
    "position top left right bottom overflow overflow-x overflow-y height max-height width max-width transform translate scale " +
    "rotate zoom filter mask mask-image -webkit-mask-image content unicode-bidi direction text-transform order flex-direction " +
    "margin-top margin-left font-size-adjust contain outline outline-offset outline-width grid-row-end grid-column-end grid-auto-rows " +
    "grid-template-rows grid-template-columns grid-auto-columns grid-template grid text-decoration-thickness text-underline-offset min-height " +
    "padding-bottom border backdrop-filter caption-side mask-box-image  margin-right margin-bottom float line-height letter-spacing word-spacing grid-row grid-column grid-area " +
    "grid-row-start grid-column-start content-visibility -webkit-text-fill-color -webkit-text-security font-family animation-name " +
    "list-style-type text-decoration-line color-scheme -webkit-line-clamp all white-space quotes background-clip -webkit-background-clip " +
    "writing-mode offset-path mix-blend-mode padding-top text-shadow -webkit-text-stroke -webkit-text-stroke-width box-shadow border-image vertical-align flex-wrap",
);

const shorthands = set("font background margin inset padding padding-block overflow flex-flow list-style animation text-decoration inset-inline inset-block margin-block margin-inline -webkit-animation src size-adjust");

const renamed: Record<string, string> = {
  "flex-flow": "flex-direction", "list-style": "list-style-type", animation: "animation-name", "-webkit-animation": "animation-name", "text-decoration": "text-decoration-line",
};

// physical are the names of what depends on how the words run, for words that run as
// ours do; and other names that some browsers have.
const physical: Record<string, string> = {
  "inset-inline-start": "left", "inset-inline-end": "right", "inset-block-start": "top", "inset-block-end": "bottom",
  "margin-inline-start": "margin-left", "margin-inline-end": "margin-right", "margin-block-start": "margin-top", "margin-block-end": "margin-bottom",
  "block-size": "height", "inline-size": "width", "max-block-size": "max-height", "max-inline-size": "max-width", "min-block-size": "min-height",
  "padding-block-start": "padding-top", "padding-block-end": "padding-bottom", "overflow-block": "overflow-y", "overflow-inline": "overflow-x",
  "box-direction": "flex-direction", "box-ordinal-group": "order",
};

// known is the name under which a property is kept, and whether some browsers alone know
// it.
function known(name: string): [name: string, some: boolean] {
  if (/^border(?!-image$|-collapse$|-spacing$)/.test(name) && !name.endsWith("radius")) return ["border", false];
  if (hiding.has(name) || shorthands.has(name)) return [name, false];
  const prefix = /^-(webkit|moz)-/.exec(name);
  if (prefix) return [known(name.slice(prefix[0].length))[0], true];
  return [(Object.hasOwn(physical, name) && physical[name]) || name, false];
}

// appendDecl adds a declaration, taken apart where it is a shorthand.
function appendDecl(out: Decl[], name: string, value: CSSToken[]): void {
  let some: boolean;
  [name, some] = known(name);
  if (!hiding.has(name) && !shorthands.has(name)) return;
  let v = trim(joined(value));
  let important = false;
  const mark = v.lastIndexOf("!");
  if (mark >= 0 && trim(v.slice(mark + 1)) === "important") {
    v = trim(v.slice(0, mark));
    important = true;
  }
  if (v === "") return;
  const add = (name: string, value: string) => void out.push({ name, value, important, some });
  const box = /^(inset|margin|padding)(?:-(block|inline))?$/.exec(name);
  if (name === "font") {
    const [size, family] = fontParts(v);
    add("font-size", size);
    add("font-family", family);
  } else if (name === "background") {
    const [color, image] = backgroundParts(v);
    add("background-color", color);
    add("background-image", image);
  } else if (box) {
    const prefix = box[1] === "inset" ? "" : box[1] + "-";
    const ends = box[2] === "block" || box[1] === "padding" ? ["top", "", "bottom", ""] : box[2] ? ["left", "", "right", ""] : ["top", "right", "bottom", "left"];
    sides(v, !!box[2], (i, value) => ends[i] && add(prefix + ends[i], value));
  } else add(renamed[name] ?? name, v);
}

// sides gives each of four sides its value, as CSS spreads one to four.
function sides(v: string, two: boolean, add: (i: number, value: string) => void): void {
  const f = values(v);
  if (f.length === 0 || f.length > 4) return;
  const at = two && f.length === 2 ? "0010" : (["0000", "0101", "0121", "0123"][f.length - 1] as string);
  for (let i = 0; i < 4; i++) add(i, f[Number(at[i])] as string);
}

const weights = set("100 200 300 400 500 600 700 800 900");

// fontParts finds the size in a font shorthand: the first length, or a word for a size;
// the family follows it.
function fontParts(v: string): [size: string, family: string] {
  if (v.includes("(")) return [v, v];
  const f = fields(v);
  for (const [i, part] of f.entries()) {
    const [n] = cut(part, "/");
    if (fontWords.has(n) || (/^[0-9.]/.test(n) && !weights.has(n))) return [n, f.slice(i + 1).join(" ")];
  }
  return ["initial", v];
}

// backgroundParts finds the colour and the picture in a background.
function backgroundParts(v: string): [color: string, image: string] {
  let color = "transparent";
  const image = /url\(|gradient\(|image|var\(/.test(v) ? "unknown" : "none";
  if (parseColor(v)) return [v, image];
  for (const f of values(v)) {
    if (!parseColor(f) && !(/^[^\0-`]/.test(f) && !layered.has(f) && !f.startsWith("url(") && !f.includes("gradient("))) continue;
    if (color !== "transparent") return ["?", image]; // two colours are no value, or layers
    color = f.replace(/^,+|,+$/g, "");
  }
  return [color, image];
}

// layered are the words of a background that are no colours.
const layered = set(
  "none repeat no-repeat repeat-x repeat-y space round center top left right bottom scroll fixed local cover contain auto " +
    "border-box padding-box content-box text inherit initial unset revert revert-layer center, top, left, right, bottom, no-repeat, repeat, repeat-x, repeat-y, scroll, fixed, cover, contain, none,",
);
