// The styles of a Word file. Mirrors internal/extract/docxstyle.go.
import { blend, faint, same } from "./colour.ts";
import { relation } from "./docx.ts";
import { lower } from "./words.ts";
import { attr, inside, newXML, root, skip, type Element, type XML } from "./xml.ts";
import type { Archive } from "./zip.ts";

export const white = 0xffffff;

// Shade is the colour behind text; undefined where it is not known.
export type Shade = number | undefined;
export const paper: Shade = white;

// shadeOf reads a colour of six digits.
export const shadeOf = (hex: string): Shade => (/^[\da-f]{6}$/i.test(hex) ? parseInt(hex, 16) : undefined);

// under is a shade when others are laid over it: "auto" lays none.
export const under = (s: Shade, ...over: (string | undefined)[]): Shade =>
  over.reduce<Shade>((back, hex) => (!hex || hex === "auto" || hex === "none" || hex === "transparent" ? back : shadeOf(hex)), s);

// highlights are the markers that Word names.
const highlights = new Map(
  ("black 000000 blue 0000FF cyan 00FFFF darkBlue 000080 darkCyan 008080 darkGray 808080 darkGreen 008000 darkMagenta 800080 darkRed 800000 " +
    "darkYellow 808000 green 00FF00 lightGray C0C0C0 magenta FF00FF red FF0000 white FFFFFF yellow FFFF00")
    .match(/\S+ \S+/g)?.map((pair) => pair.split(" ") as [string, string]),
);

// toggles are properties that cancel out when both the paragraph's style and the run's
// set them.
const toggles = ["vanish", "strike", "dstrike", "caps"] as const;

// WordLook is what run properties say, by name; only what matters here is kept.
// The one under paragraph is a doubt about paragraphs of the style.
export type WordLook = Partial<
  Record<
    | (typeof toggles)[number]
    | "specVanish" | "color" | "shd" | "highlight" | "rFonts" | "textFill" | "fitText" | "eastAsianLayout"
    | "sz" | "szCs" | "rStyle" | "w" | "spacing" | "position" | "del" | "paragraph",
    string
  >
>;

interface WordStyle { based: string; list: boolean; look: WordLook }

export interface WordStyles {
  byID: Map<string, WordStyle>;
  paragraph: string; // the default paragraph style
  defaults: WordLook;
  embedded: Set<string>; // fonts that travel in the file
  worded: Set<string>; // numberings that show words
  theme: Map<string, string>; // its colours
  twice: boolean; // two styles have one name
}

const maxBasedOn = 32; // how far a chain of styles is followed

export async function readWordStyles(a: Archive, dir: string, rels: string): Promise<WordStyles> {
  const s: WordStyles = { byID: new Map(), paragraph: "", defaults: {}, embedded: new Set(), worded: new Set(), theme: new Map(), twice: false };
  for (const [kind, read] of [["numbering", readNumbering], ["theme", readTheme], ["fontTable", readFonts], ["styles", readStyles]] as const) {
    const name = await relation(a, rels, dir, kind);
    const part = name === "" ? undefined : await a.part(name); // no program looks for it elsewhere
    if (!part) continue;
    const x = newXML(part);
    root(x);
    read(s, x);
  }
  return s;
}

function readFonts(s: WordStyles, x: XML): void {
  inside(x, (font) =>
    inside(x, (e) => {
      if (e.local.startsWith("embed")) s.embedded.add(lower(attr(font, "name")));
      skip(x);
    }),
  );
}

// readNumbering looks for numberings whose markers are words. Words generated there are
// shown and stand nowhere in the text.
function readNumbering(s: WordStyles, x: XML): void {
  const abstract = new Set<string>();
  let id = "";
  const look = (e: Element): void => {
    if (e.local === "abstractNum") id = `abstract ${attr(e, "abstractNumId")}`;
    else if (e.local === "num") id = attr(e, "numId");
    else if (e.local === "abstractNumId") {
      if (abstract.has(`abstract ${attr(e, "val")}`)) s.worded.add(id);
    } else if ((e.local === "numFmt" && (attr(e, "val").endsWith("Text") || attr(e, "val") === "custom")) || (e.local === "lvlText" && hasWord(attr(e, "val")))) {
      abstract.add(id);
      s.worded.add(id);
    }
    inside(x, look);
  };
  inside(x, look);
}

// travels tells whether letters of one of the fonts are in the file.
export const travels = (s: WordStyles, fonts = "") =>
  fonts.split("|").some((f) => f !== "" && (s.embedded.has(f) || (f === "theme" && s.embedded.size > 0)));

const slots: Record<string, string> = { dk1: "text1", lt1: "background1", dk2: "text2", lt2: "background2" };

// readTheme reads the colours that runs name by their place in the theme.
function readTheme(s: WordStyles, x: XML): void {
  let slot = "";
  const look = (e: Element): void => {
    const name = e.local;
    if (/^(dk|lt)[12]$|^accent|link$/.test(name)) slot = slots[name] ?? name;
    else if (/^(clrScheme|themeElements|theme)$/.test(name)) slot = "";
    else if (slot !== "" && (name === "srgbClr" || name === "sysClr")) {
      s.theme.set(slot, attr(e, name === "sysClr" ? "lastClr" : "val"));
      slot = "";
    } else if (name === "fontScheme" || name === "fmtScheme") {
      slot = "";
      return void skip(x);
    }
    inside(x, look);
  };
  inside(x, look);
}

const places = new Map([
  ["light1", "background1"], ["dark1", "text1"], ["light2", "background2"], ["dark2", "text2"], ["hyperlink", "hlink"], ["followedHyperlink", "folHlink"],
]);
const unthemed = new Map([["background1", "FFFFFF"], ["text1", "000000"]]);

// colour is the colour of an element that may name one of the theme, lighter or darker.
export function colour(s: WordStyles, e: Element, own: string, named: string): string {
  const theme = attr(e, named);
  if (theme === "" || theme === "none") return attr(e, own);
  const place = places.get(theme) ?? theme;
  let c = shadeOf(s.theme.get(place) || (unthemed.get(place) ?? ""));
  if (c === undefined) return attr(e, own);
  for (const [suffix, to] of [["Tint", white], ["Shade", 0]] as const) {
    const v = attr(e, named.replace(/Color$/, "") + suffix);
    const n = /^[\da-f]+$/i.test(v) ? parseInt(v, 16) : 256;
    if (n < 256) c = blend(c, to, n / 255);
  }
  return c.toString(16).padStart(6, "0");
}

// hasWord tells whether two letters, or two digits, follow each other.
export const hasWord = (s: string) => /[\p{L}\p{Nd}]{2}/u.test(s);

function readStyles(s: WordStyles, x: XML): void {
  inside(x, (e) => {
    if (e.local === "docDefaults") inside(x, () => inside(x, () => readLook(s, x, s.defaults)));
    else if (e.local === "style") readStyle(s, x, e);
    else skip(x);
  });
}

function readStyle(s: WordStyles, x: XML, e: Element): void {
  const st: WordStyle = { based: "", list: false, look: {} };
  const id = attr(e, "styleId");
  s.twice ||= s.byID.has(id);
  s.byID.set(id, st);
  if (attr(e, "type") === "paragraph" && /^(1|true)$/.test(attr(e, "default"))) s.paragraph = id;
  inside(x, (e) => {
    if (e.local === "rPr") return readLook(s, x, st.look);
    if (e.local === "pPr") {
      return inside(x, (e) => {
        st.list ||= e.local === "numPr";
        if (e.local === "shd") st.look.shd = colour(s, e, "fill", "themeFill");
        else if (e.local === "framePr") st.look.paragraph = "a frame may lie over other words";
        else if (e.local === "spacing" && onEachOther(e)) st.look.paragraph = "lines stand on each other";
        else if (e.local === "numPr") {
          return inside(x, (e) => {
            if (e.local === "numId" && s.worded.has(attr(e, "val"))) st.look.paragraph = "the numbering shows words";
            skip(x);
          });
        }
        skip(x);
      });
    }
    if (e.local === "basedOn") st.based = attr(e, "val");
    skip(x);
  });
}

// integer reads a whole number as Go's strconv.Atoi does; undefined where it is none.
export function integer(s: string): number | undefined {
  const n = /^[+-]?\d+$/.test(s) ? Number(s) : undefined;
  return n !== undefined && n < 2 ** 63 && n >= -(2 ** 63) ? n : undefined;
}

// onEachOther tells a spacing that leaves lines no room.
export const onEachOther = (e: Element) => (integer(attr(e, "line")) ?? Infinity) < 150 && attr(e, "lineRule") === "exact";

// readLook reads run properties.
export function readLook(s: WordStyles, x: XML, look: WordLook): void {
  inside(x, (e) => {
    const name = e.local;
    switch (name) {
      case "vanish":
      case "strike":
      case "dstrike":
      case "caps":
      case "specVanish":
        look[name] = /^(0|false|off)$/.test(attr(e, "val")) ? "off" : "on";
        break;
      case "color":
        look.color = colour(s, e, "val", "themeColor");
        break;
      case "shd":
        look.shd = colour(s, e, "fill", "themeFill");
        break;
      case "highlight":
        look.highlight = highlights.get(attr(e, "val")) ?? "";
        break;
      case "rFonts":
        look.rFonts = e.attrs.map(([local, value]) => lower(value) + (local.endsWith("heme") ? "|theme" : "")).join("|");
        break;
      case "textFill":
      case "fitText":
      case "eastAsianLayout":
        look[name] = "on";
        break;
      case "sz":
      case "szCs":
      case "rStyle":
      case "w":
      case "spacing":
      case "position":
        look[name] = attr(e, "val");
        break;
      case "del":
        look.del = "on";
    }
    skip(x);
  });
}

// based calls visit for a style and those that it is based on, until visit is true.
function based(s: WordStyles, id: string, visit: (st: WordStyle) => boolean | void): boolean {
  for (let n = 0; n < maxBasedOn; n++) {
    const st = s.byID.get(id);
    if (!st) return false;
    if (visit(st)) return true;
    id = st.based;
  }
  return false;
}

// chain is what a style and those that it is based on say.
export function chain(s: WordStyles, id: string): WordLook {
  let look: WordLook = {};
  based(s, id, (st) => void (look = { ...st.look, ...look }));
  return look;
}

// isList tells whether a paragraph style makes items of a list.
export const isList = (s: WordStyles, id: string) => based(s, id, (st) => st.list);

// resolve is what a run looks like.
export function resolve(s: WordStyles, inParagraph: WordLook, direct: WordLook): WordLook {
  const ofRun = direct.rStyle ? chain(s, direct.rStyle) : {};
  for (const t of toggles) if (ofRun[t] === "on" && inParagraph[t] === "on") ofRun[t] = "off";
  return { ...s.defaults, ...inParagraph, ...ofRun, ...direct };
}

// Sight says whether a reader sees words; undefined where they simply show.
export type Sight = { hidden: true } | { hidden: false; doubt: string } | undefined;
export const unseen: Sight = { hidden: true };
export const doubted = (doubt: string): Sight => ({ hidden: false, doubt });

// inkOn judges words of one colour on another.
export function inkOn(fore: Shade, back: Shade): Sight {
  if (fore === undefined) return undefined;
  if (back === undefined) return faint(fore, white) ? doubted("white words on a background that is not known") : undefined;
  return same(fore, back) ? unseen : faint(fore, back) ? doubted("words that hardly show on their background") : undefined;
}
