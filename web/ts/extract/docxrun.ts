// Paragraphs and runs of a Word file. Mirrors internal/extract/docxrun.go.
import { branch, holder, left, unknown, type Docx } from "./docx.ts";
import { drawing } from "./docxdrawing.ts";
import { chain, colour, doubted, inkOn, integer, isList, onEachOther, readLook, resolve, shadeOf, travels, under, unseen, type Sight, type WordLook } from "./docxstyle.ts";
import { add, doubt, emptyLine, end, leave, lineEnd, newLines, nextLine, sameLine, words, write } from "./lines.ts";
import { fields, hasText, set, trimRight, upper } from "./words.ts";
import { attr, inside, skip, type Element } from "./xml.ts";

// Paragraph is what its properties say.
export interface Paragraph {
  style: string;
  look: WordLook; // of its style
  shd: string;
  item: boolean;
  doubt: string;
  deleted: boolean; // its end is deleted: it runs into the next
  cell: boolean;
}

// size is how many bytes a text has, as far as it matters here.
const size = (s: string) => (s.length < 1000 ? new TextEncoder().encode(s).length : s.length);

// amount is a number however large, 0 where there is none.
const amount = (s = "") => (/^[+-]?\d+$/.test(s) ? Number(s) : 0);

export function paragraph(d: Docx, around: Paragraph): void {
  const p: Paragraph = { ...around, style: d.styles.paragraph, look: chain(d.styles, d.styles.paragraph) };
  p.doubt = p.look.paragraph ?? "";
  const from = d.out.at;
  const boxes = d.boxes;
  d.boxes = [];
  let begun = false;
  // Properties come first; the line begins when they are known.
  inside(d.x, (e) => {
    if (e.local === "pPr" && !begun) return properties(d, p);
    if (!begun) begin(d, p);
    begun = true;
    inline(d, e, p);
  });
  if (!begun) begin(d, p);
  if (p.doubt) doubt(d.out, from, p.doubt);
  d.merge = p.deleted;
  d.inList = p.item;
  owe(d, p);
  for (const b of d.boxes) {
    add(d.out, b, emptyLine);
    owe(d, p);
  }
  d.boxes = boxes;
}

// begin parts the paragraph from the one before. Items of a list follow each other line
// by line.
function begin(d: Docx, p: Paragraph): void {
  if (d.merge) d.out.owed = sameLine;
  else if (p.item && d.inList && d.out.owed === emptyLine) d.out.owed = nextLine;
}

function owe(d: Docx, p: Paragraph): void {
  if (!p.deleted) end(d.out, p.cell ? nextLine : emptyLine);
}

function properties(d: Docx, p: Paragraph): void {
  inside(d.x, (e) => {
    switch (e.local) {
      case "pStyle":
        p.style = attr(e, "val");
        p.look = chain(d.styles, p.style);
        p.doubt ||= p.look.paragraph ?? "";
        p.item ||= isList(d.styles, p.style);
        break;
      case "numPr":
        p.item = true;
        return inside(d.x, (e) => {
          if (e.local === "numId") {
            const id = attr(e, "val");
            p.item = id !== "0";
            if (d.styles.worded.has(id)) p.doubt = "the numbering shows words";
          }
          skip(d.x);
        });
      case "shd":
        p.shd = colour(d.styles, e, "fill", "themeFill");
        break;
      case "framePr":
        p.doubt = "a frame may lie over other words";
        break;
      case "spacing":
        if (onEachOther(e)) p.doubt = "lines stand on each other";
        break;
      case "ind":
        for (const [, value] of e.attrs) {
          const n = integer(value) ?? 0;
          if (n > 9000 || n < -3000) p.doubt = "words may stand outside the page";
        }
        break;
      case "rPr": {
        const mark: WordLook = {};
        readLook(d.styles, d.x, mark);
        p.deleted = mark.del === "on";
        return;
      }
    }
    skip(d.x);
  });
}

// inline reads what stands in a line.
function inline(d: Docx, e: Element, p: Paragraph): void {
  const more = () => inside(d.x, (e) => inline(d, e, p));
  const from = d.out.at;
  switch (e.local) {
    case "r":
      return run(d, p);
    case "del":
    case "moveFrom":
      return left(d, "deleted-left-out");
    case "AlternateContent":
      return branch(d, more);
    case "ins":
    case "moveTo":
    case "hyperlink":
    case "smartTag":
    case "sdt":
    case "sdtContent":
    case "customXml":
    case "bdo":
    case "dir":
    case "oMath":
    case "oMathPara":
      holder(d, e, more);
      if (e.local === "bdo") doubt(d.out, from, "the order of the letters is turned round");
      return;
    case "fldSimple":
      more();
      if (dirty(e) || !settled(attr(e, "instr"))) doubt(d.out, from, "a field whose words change when the file is opened");
      return;
  }
  if (!e.space.endsWith("/math")) unknown(d);
  else if (e.local === "t") inside(d.x, () => skip(d.x), (s) => words(d.out, s));
  else more();
}

// quiet are the fields that show their result and change it only when asked.
const quiet = set("HYPERLINK REF PAGEREF NOTEREF TOC SEQ MERGEFIELD FORMTEXT QUOTE INCLUDEPICTURE ADDIN CITATION BIBLIOGRAPHY DOCPROPERTY TITLE AUTHOR");

// settled tells a field of which the result that stands in the file is shown.
const settled = (instruction: string) => quiet.has(upper(fields(instruction)[0] ?? ""));

const dirty = (e: Element) => /^(1|true|on)$/.test(attr(e, "dirty"));

function run(d: Docx, p: Paragraph): void {
  const direct: WordLook = {};
  const shown = d.out;
  const aside = newLines();
  const from = shown.at;
  let look: Sight;
  const see = () => {
    look = sight(d, p, direct);
    d.out = look?.hidden ? aside : shown;
  };
  let begun = false; // most runs begin with their properties
  inside(d.x, (e) => {
    const properties = e.local === "rPr";
    if (properties) readLook(d.styles, d.x, direct);
    if (properties || !begun) see();
    begun = true;
    if (!properties) piece(d, e, p);
  });
  d.out = shown;
  if (look?.hidden && aside.at > 0) leave(shown, "hidden-left-out");
  if (look?.hidden === false) doubt(shown, from, look.doubt);
}

// sight judges a run; a run without properties is judged by its paragraph's style.
function sight(d: Docx, p: Paragraph, direct: WordLook): Sight {
  const look = resolve(d.styles, p.look, direct);
  const back = under(d.back, p.look.shd, p.shd, look.shd, look.highlight);
  const size = amount(look.sz);
  if ((integer(look.szCs ?? "") ?? Infinity) <= 8) return doubted("words too small to read");
  const lifted = amount(look.position);
  if (look.vanish === "on" || (look.sz && size <= 4) || (look.w && amount(look.w) <= 10)) return unseen;
  const ink = inkOn(shadeOf(look.color ?? ""), back);
  if (ink) return ink;
  if (look.sz && size <= 8) return doubted("words too small to read");
  if (look.strike === "on" || look.dstrike === "on") return doubted("words that are struck through");
  if (look.caps === "on") return doubted("capitals that are not in the file");
  if (amount(look.spacing) <= -60 || lifted >= 40 || lifted <= -40) return doubted("letters are moved over others");
  if (look.textFill || look.fitText || look.eastAsianLayout) return doubted("words that an effect may hide");
  return travels(d.styles, look.rFonts) ? doubted("letters of a font that travels in the file") : undefined;
}

// piece reads one thing in a run.
function piece(d: Docx, e: Element, p: Paragraph): void {
  switch (e.local) {
    case "AlternateContent":
      return branch(d, () => inside(d.x, (e) => piece(d, e, p)));
    case "fldChar":
      fieldChar(d, e, p);
      return void skip(d.x);
    case "drawing":
    case "pict":
    case "object":
      return drawing(d, p);
    case "delText":
      return left(d, "deleted-left-out");
    case "footnoteReference":
    case "endnoteReference":
    case "commentReference":
      return void skip(d.x);
    case "instrText":
      return inside(d.x, () => skip(d.x), (s) => void (size(d.says) < 1000 && (d.says += s)));
    case "pgNum":
    case "dayShort":
    case "dayLong":
    case "monthShort":
    case "monthLong":
    case "yearShort":
    case "yearLong":
      p.doubt = "the program shows words of its own";
  }
  if (d.deaf > 0) return left(d, "hidden-left-out");
  switch (e.local) {
    case "ruby":
      return inside(d.x, (e) => {
        // The reading above the words is left out.
        if (e.local === "rubyBase") inside(d.x, (e) => inline(d, e, p));
        else left(d, "hidden-left-out");
      });
    case "t": {
      // Blanks at its ends count only where the file keeps them.
      const keep = attr(e, "space") === "preserve";
      return inside(d.x, () => skip(d.x), (s) => words(d.out, keep ? s : trimRight(s.replace(/^[ \t\r\n]+/, ""), " \t\r\n")));
    }
    case "tab":
    case "ptab":
      d.out.blank = true;
      break;
    case "br":
    case "cr":
      lineEnd(d.out);
      break;
    case "noBreakHyphen":
      write(d.out, "\u2011");
      break;
    case "softHyphen":
      write(d.out, "\u00ad");
      break;
    case "sym":
      symbol(d, e);
      break;
    default:
      return unknown(d);
  }
  skip(d.x);
}

// symbol writes a character of a symbol font. Those that stand for bullets have a private
// number, which says nothing without the font.
function symbol(d: Docx, e: Element): void {
  const char = attr(e, "char");
  const n = /^[\da-f]+$/i.test(char) ? parseInt(char, 16) : 0;
  if (n < 32 || n > 0xffff) return;
  const from = d.out.at;
  write(d.out, String.fromCharCode(n));
  doubt(d.out, from, "a sign of a symbol font");
}

// fieldChar follows the parts of a field: its instruction is not shown, its result is.
function fieldChar(d: Docx, e: Element, p: Paragraph): void {
  const last = d.field.length - 1;
  const unsettled = () => {
    if ((hasText(d.says) && !settled(d.says)) || dirty(e)) p.doubt = "a field whose words change when the file is opened";
    d.says = "";
  };
  switch (attr(e, "fldCharType")) {
    case "begin":
      unsettled();
      d.field.push(true);
      d.deaf++;
      break;
    case "separate":
      unsettled();
      if (d.field[last]) {
        d.field[last] = false;
        d.deaf--;
      }
      break;
    case "end":
      if (last < 0) break;
      unsettled();
      if (d.field.pop()) d.deaf--;
  }
}
