// Reads the body of a Word file. Mirrors internal/extract/docx.go.
import { damaged, type Copy } from "./copy.ts";
import { paragraph, type Paragraph } from "./docxrun.ts";
import { same } from "./colour.ts";
import { colour, integer, paper, readWordStyles, shadeOf, under, white, type Shade, type WordStyles } from "./docxstyle.ts";
import { copyOf, doubt, emptyLine, end, leave, newLines, nextLine, since, type Lines } from "./lines.ts";
import { fields } from "./words.ts";
import { attr, inside, newXML, root, skip, type Element, type XML } from "./xml.ts";
import type { Archive } from "./zip.ts";

export interface Docx {
  x: XML;
  out: Lines;
  styles: WordStyles;
  boxes: Lines[]; // the texts of boxes that stand in the paragraph
  back: Shade; // what stands behind the text here
  field: boolean[]; // open fields: whether their instruction is being read
  deaf: number; // fields whose instruction is being read
  merge: boolean; // the end of the last paragraph is deleted
  inList: boolean; // the last paragraph was an item
  cut: boolean; // the row that is read is of one height
  says: string; // the instruction of the field that is read
}

// readDOCX reads a Word file.
export async function readDOCX(a: Archive): Promise<Copy> {
  const main = await relation(a, "_rels/.rels", "", "officeDocument");
  const without = () => damaged("a Word file without its text");
  if (main === "" || !a.has(main)) throw without();
  const dir = main.slice(0, main.lastIndexOf("/") + 1);
  const styles = await readWordStyles(a, dir, `${dir}_rels/${main.slice(dir.length)}.rels`);
  const x = newXML((await a.part(main)) as Uint8Array);
  const d: Docx = { x, out: newLines(), styles, boxes: [], back: paper, field: [], deaf: 0, merge: false, inList: false, cut: false, says: "" };
  if (root(x).local !== "document") throw without();
  inside(x, (e) => {
    if (e.local === "background" && !plain(e)) {
      d.back = undefined;
      d.out.cover = "words on a page that is not white";
    }
    if (e.local !== "body") return void skip(x);
    blocks(d, newParagraph());
  });
  if (styles.twice) d.out.cover = "two styles have one name";
  if (d.deaf > 0) d.out.cover = "a field without an end";
  await leftOut(d.out, a, dir);
  return copyOf(d.out, "docx");
}

// plain tells a page that is white. Word shows another where the settings say so, others
// always.
function plain(e: Element): boolean {
  const c = shadeOf(attr(e, "color"));
  return (attr(e, "color") === "auto" || (c !== undefined && same(c, white))) && attr(e, "themeColor") === "";
}

export const newParagraph = (cell = false): Paragraph => ({ style: "", look: {}, shd: "", item: false, doubt: "", deleted: false, cell });

// relationTypes are what the names of the types of relations begin with.
const relationTypes = ["http://schemas.openxmlformats.org/officeDocument/2006/relationships/", "http://purl.oclc.org/ooxml/officeDocument/relationships/"];

// relation finds the part that another names by a type of relation: a file may hold several
// texts, and only the one that is named is shown.
export async function relation(a: Archive, rels: string, dir: string, kind: string): Promise<string> {
  const part = await a.part(rels);
  if (!part) return "";
  const x = newXML(part);
  root(x);
  let found = "";
  inside(x, (e) => {
    if (relationTypes.some((s) => attr(e, "Type") === s + kind) && attr(e, "TargetMode") !== "External") {
      if (found !== "") throw damaged("two of its parts are for one thing");
      const target = attr(e, "Target");
      found = clean(target.startsWith("/") ? target : dir + target);
    }
    skip(x);
  });
  return found;
}

// clean is a path in its shortest form, without the slash that it may begin with.
function clean(path: string): string {
  const rooted = path.startsWith("/");
  const out: string[] = [];
  for (const step of path.split("/")) {
    if (step === "" || step === ".") continue;
    if (step !== "..") out.push(step);
    else if (out.length > 0 && out[out.length - 1] !== "..") out.pop();
    else if (!rooted) out.push(step);
  }
  return out.join("/") || (rooted ? "" : ".");
}

const beside: [prefix: string, code: string][] = [
  ["comments.", "comments-left-out"], ["footnotes.", "margins-left-out"], ["endnotes.", "margins-left-out"], ["header", "margins-left-out"], ["footer", "margins-left-out"],
];

// leftOut counts what stands beside the text. Word always writes notes for the lines that
// part them from the text; those hold no words.
async function leftOut(out: Lines, a: Archive, dir: string): Promise<void> {
  for (const name of a.names()) {
    const code = beside.find(([prefix]) => name.startsWith(dir + prefix))?.[1];
    if (!code || !name.endsWith(".xml")) continue;
    const x = newXML((await a.part(name)) as Uint8Array);
    root(x);
    if (skip(x)) leave(out, code);
  }
}

// blocks reads paragraphs and tables, and what may hold them.
export const blocks = (d: Docx, p: Paragraph): void => inside(d.x, (e) => block(d, e, p));

function block(d: Docx, e: Element, p: Paragraph): void {
  switch (e.local) {
    case "p":
      return paragraph(d, p);
    case "tbl":
      end(d.out, emptyLine);
      table(d, p);
      return end(d.out, emptyLine);
    case "sdt":
    case "sdtContent":
    case "customXml":
    case "ins":
    case "moveTo":
    case "smartTag":
      return holder(d, e, () => blocks(d, p));
    case "AlternateContent":
      return branch(d, () => blocks(d, p));
    case "del":
    case "moveFrom":
      return left(d, "deleted-left-out");
    case "altChunk":
      leave(d.out, "attachments-left-out");
      d.out.cover = "a file is shown inside the document that cannot be read";
  }
  unknown(d);
}

// unknown reads past an element of which some programs may show the words.
export function unknown(d: Docx): void {
  if (!skip(d.x)) return;
  leave(d.out, "hidden-left-out");
  d.out.cover = "a part that not every program shows";
}

// holder reads what an element holds. A control bound to data shows the data, whatever
// stands in the control.
export function holder(d: Docx, e: Element, read: () => void): void {
  if (e.local !== "sdt") return read();
  const from = d.out.at;
  let bound = false;
  inside(d.x, (e) => {
    if (e.local === "sdtContent") read();
    else if (e.local === "sdtPr") {
      inside(d.x, (e) => {
        bound ||= e.local === "dataBinding";
        skip(d.x);
      });
    } else skip(d.x);
  });
  if (bound) doubt(d.out, from, "a field shows data from elsewhere in the document");
}

// branch reads the first of several renderings of one thing. Which of them is shown depends
// on the program, so that others with other words put all in doubt.
export function branch(d: Docx, read: () => void): void {
  let first: string | undefined;
  inside(d.x, (e) => {
    if (e.local !== "Choice" && e.local !== "Fallback") return void skip(d.x);
    if (first === undefined) {
      const { at } = d.out;
      const boxes = d.boxes.length;
      read();
      first = wordsSince(d, at, boxes);
      return;
    }
    const { out, boxes } = d;
    Object.assign(d, { out: newLines(), boxes: [] });
    read();
    const other = wordsSince(d, 0, 0);
    Object.assign(d, { out, boxes });
    if (other !== first) d.out.cover = "parts of which not every program shows the same words";
  });
}

// wordsSince is what was read since a mark, in the text and in boxes, without blanks.
const wordsSince = (d: Docx, from: number, boxes: number) =>
  [since(d.out, from), ...d.boxes.slice(boxes).map((b) => since(b, 0))].flatMap(fields).join("");

// left leaves out an element, and counts it when there are words in it.
export function left(d: Docx, code: string): void {
  if (skip(d.x)) leave(d.out, code);
}

// table reads cell by cell. What a table's style paints behind its text is not looked up,
// so that the background is not known there.
function table(d: Docx, p: Paragraph): void {
  const outer = d.back;
  inside(d.x, (e) => {
    switch (e.local) {
      case "tblPr":
        return inside(d.x, (e) => {
          if (e.local === "tblStyle") d.back = undefined;
          else if (e.local === "tblpPr") doubt(d.out, Math.max(0, d.out.at - 1), "a table that is placed may lie over the words");
          else if (e.local === "shd") d.back = under(d.back, colour(d.styles, e, "fill", "themeFill"));
          skip(d.x);
        });
      case "trPr":
        return inside(d.x, (e) => {
          const exact = e.local === "trHeight" && attr(e, "hRule") === "exact" && (integer(attr(e, "val")) ?? 0) < 2000;
          d.cut ||= exact || e.local === "hidden";
          skip(d.x);
        });
      case "tr": {
        const around = d.cut;
        const from = d.out.at;
        d.cut = false;
        table(d, p);
        if (d.cut) doubt(d.out, from, "words that may be cut off");
        d.cut = around;
        return;
      }
      case "ins":
      case "sdt":
      case "sdtContent":
      case "customXml":
        return holder(d, e, () => table(d, p));
      case "tc":
        return cell(d, { ...p, cell: true });
      case "del":
      case "moveFrom":
        return left(d, "deleted-left-out");
    }
    skip(d.x);
  });
  d.back = outer;
}

function cell(d: Docx, p: Paragraph): void {
  const outer = d.back;
  end(d.out, nextLine);
  inside(d.x, (e) => {
    if (e.local !== "tcPr") return block(d, e, p);
    inside(d.x, (e) => {
      if (e.local === "shd") d.back = under(d.back, colour(d.styles, e, "fill", "themeFill"));
      skip(d.x);
    });
  });
  end(d.out, nextLine);
  d.back = outer;
}
