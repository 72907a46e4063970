// The styles of an OpenDocument text, and what stands in a line. Mirrors
// internal/extract/odtspan.go and length.go.
import { doubted, hasWord, inkOn, shadeOf, under, unseen, type Shade, type Sight } from "./docxstyle.ts";
import { doubt, leave, lineEnd, words } from "./lines.ts";
import { drawing, isShape, left, type ODT } from "./odt.ts";
import { fields, hasText, lower, set, trim, trimRight } from "./words.ts";
import { attr, inside, skip, type Element, type XML } from "./xml.ts";

const maxBasedOn = 32; // how far a chain of styles is followed

type Props = Record<string, string>;

// ODTStyles are the styles by family and name.
export interface ODTStyles {
  byName: Map<string, { parent: string; props: Props }>;
  fonts: Set<string>; // that travel in the file
  worded: Set<string>; // list styles whose markers are words
  paged: boolean; // pages have a colour or a picture
  twice: boolean; // two styles have one name
  seen: Set<string>; // those of the part that is read
}

// kept are the properties that are kept of a style.
const kept = set(
  "display condition color background-color use-window-font-color font-size font-name text-scale letter-spacing text-position " +
    "text-line-through-style text-line-through-type text-transform margin-left margin-right margin-top margin-bottom text-indent line-height wrap run-through " +
    "font-size-complex font-size-asian font-name-complex font-name-asian opacity row-height",
);

// Look is what a style and its parents say.
interface Look {
  props: Props;
  through: boolean; // drawn over the words, or under them
  behindText: boolean;
  moved: boolean;
}

export function readODTStyle(s: ODTStyles, x: XML, e: Element): void {
  const name = attr(e, "name");
  switch (e.local) {
    case "font-face":
      return inside(x, (e) => {
        if (e.local === "font-face-src") s.fonts.add(name);
        skip(x);
      });
    case "list-style":
    case "outline-style":
      // Markers that are words are shown and stand nowhere in the text.
      return inside(x, (e) => {
        if (["num-prefix", "num-suffix", "bullet-char", "num-list-format"].some((a) => hasWord(attr(e, a).replace(/[0-9]/g, "")))) s.worded.add(name);
        skip(x);
      });
    case "page-layout":
      return inside(x, (e) => {
        const c = attr(e, "background-color");
        s.paged ||= (c !== "" && c !== "transparent" && lower(c) !== "#ffffff") || !/^(none)?$/.test(attr(e, "fill"));
        inside(x, (e) => {
          s.paged ||= e.local === "background-image";
          skip(x);
        });
      });
    case "style":
    case "default-style":
      break;
    default:
      return void skip(x);
  }
  const props: Props = {};
  const key = `${attr(e, "family")}/${name}`;
  s.twice ||= s.seen.has(key);
  s.seen.add(key);
  s.byName.set(key, { parent: attr(e, "parent-style-name"), props }); // the default of a family has no name
  inside(x, (e) => {
    if (e.local.endsWith("-properties")) for (const [k, v] of e.attrs) if (kept.has(k)) props[k] = v;
    skip(x);
  });
}

// lookOf is what a style says, over what is said around it.
export function lookOf(s: ODTStyles, family: string, name: string, around?: Props): Look {
  let own: Props = {};
  // Most words have no style of their own.
  if (!s.byName.has(`${family}/${name}`)) return { props: around ?? own, through: false, behindText: false, moved: false };
  for (let n = 0; n < maxBasedOn; n++) {
    const st = s.byName.get(`${family}/${name}`);
    if (!st) break;
    own = { ...st.props, ...own };
    if (name === "") break;
    name = st.parent;
    if (name === "" && around) break; // the default of a family is no look of its own
  }
  const moved = ["margin-left", "margin-right", "margin-top", "margin-bottom", "text-indent"].some((k) => {
    const [n, unit] = length(own[k]);
    return unit > 0 && (n * unit < -48 || n * unit > 600);
  });
  const [n, unit] = length(own["line-height"]);
  return {
    props: around ? { ...around, ...own } : own,
    through: own["wrap"] === "run-through",
    behindText: own["run-through"] === "background",
    moved: moved || (unit > 0 && n * unit < 4) || (own["line-height"]?.endsWith("%") === true && n < 30),
  };
}

const hex = (s = "") => (s.startsWith("#") ? s.slice(1) : s);

// behind is the colour that a look paints behind its words.
export const behind = (l: Look, around: Shade): Shade => under(around, hex(l.props["background-color"]));

// units are the lengths of units in CSS pixels.
const units = new Map([["px", 1], ["pt", 4 / 3], ["pc", 16], ["in", 96], ["cm", 96 / 2.54], ["mm", 96 / 25.4], ["q", 96 / 101.6]]);

// length reads a number and its unit. The unit is 0 when it is none of units; the number
// is given all the same.
export function length(s = ""): [n: number, unit: number] {
  if (s === "") return [0, 0];
  s = trim(s);
  const digits = trimRight(s, " ", /[\d.]/);
  const n = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(digits) ? Number(digits) : NaN;
  return Number.isFinite(n) ? [n, units.get(s.slice(digits.length).toLowerCase()) ?? 0] : [0, 0];
}

// sight says whether a reader sees words of this look.
function sight(s: ODTStyles, l: Look, back: Shade): Sight {
  const p = l.props;
  const says = (k: string) => p[k] !== undefined && p[k] !== "" && p[k] !== "none";
  const [size, unit] = length(p["font-size"]);
  const [tight, perTight] = length(p["letter-spacing"]);
  const [lifted] = length(fields(p["text-position"] ?? "")[0] ?? "0%");
  if (p["display"] === "none" || (p["display"] === "condition" && !p["condition"])) return unseen;
  if (p["display"] === "condition") return doubted("words that are shown on a condition");
  if ((unit > 0 && size * unit <= 2.7) || (p["text-scale"] && length(p["text-scale"])[0] <= 10)) return unseen;
  const ink = inkOn(p["use-window-font-color"] === "true" ? undefined : shadeOf(hex(p["color"])), back);
  if (ink) return ink;
  if (["font-size", "font-size-complex", "font-size-asian"].some((k) => small(p[k]))) return doubted("words too small to read");
  if (says("text-line-through-style") || says("text-line-through-type")) return doubted("words that are struck through");
  if (says("text-transform")) return doubted("capitals that are not in the file");
  if ((perTight > 0 && tight * perTight <= -4) || lifted > 90 || lifted < -90) return doubted("letters are moved over others");
  if (p["opacity"] && p["opacity"] !== "100%" && p["use-window-font-color"] !== "true") return doubted("words that hardly show");
  return ["font-name", "font-name-complex", "font-name-asian"].some((k) => s.fonts.has(p[k] ?? "")) ? doubted("letters of a font that travels in the file") : undefined;
}

// small tells a size too small to read.
function small(v?: string): boolean {
  const [n, unit] = length(v);
  return unit > 0 && n * unit <= 5.4;
}

// spans reads what stands in a line, which looks as given.
export function spans(o: ODT, l: Look): void {
  const look = sight(o.styles, l, behind(l, o.back));
  inside(
    o.x,
    (e) => span(o, e, l),
    (s) => {
      if (look?.hidden) {
        if (hasText(s)) leave(o.out, "hidden-left-out");
        return;
      }
      const from = o.out.at;
      words(o.out, s);
      if (look) doubt(o.out, from, look.doubt);
    },
  );
}

const inLine = set("span a meta meta-field ruby ruby-base");
const changing = set("conditional-text expression database-display variable-get user-field-get");
const counting = set("date time page-number page-count word-count character-count paragraph-count chapter file-name variable-set");
const marks = set("annotation-end bookmark bookmark-start bookmark-end change change-start change-end soft-page-break reference-mark reference-mark-start reference-mark-end");

function span(o: ODT, e: Element, l: Look): void {
  if (inLine.has(e.local)) return spans(o, lookOf(o.styles, "text", attr(e, "style-name"), l.props));
  if (isShape(e)) return drawing(o, e);
  if (marks.has(e.local)) return void skip(o.x);
  switch (e.local) {
    case "s":
    case "tab":
      o.out.blank = true;
      return void skip(o.x);
    case "line-break":
      lineEnd(o.out);
      return void skip(o.x);
    case "annotation":
      return left(o, "comments-left-out");
    case "note":
      return left(o, "margins-left-out");
    case "hidden-paragraph":
      o.doubt = "a paragraph that is shown on a condition";
      return void skip(o.x);
    case "number":
      return void skip(o.x); // programs count for themselves
    case "hidden-text":
      o.doubt = "words that are shown on a condition";
      return void skip(o.x);
    case "ruby-text":
    case "script":
      return left(o, "hidden-left-out");
  }
  const from = o.out.at;
  spans(o, l); // a field: its result is shown
  const fixed = attr(e, "fixed") === "true" && attr(e, "display") !== "none";
  if (changing.has(e.local) || (counting.has(e.local) && !fixed)) doubt(o.out, from, "a field whose words change when the file is opened");
}
