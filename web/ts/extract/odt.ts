// Reads the body of an OpenDocument text. Mirrors internal/extract/odt.go.
import { damaged, encrypted, type Copy } from "./copy.ts";
import { paper, type Shade } from "./docxstyle.ts";
import { add, copyOf, doubt, emptyLine, end, leave, newLines, nextLine, type Lines } from "./lines.ts";
import { behind, length, lookOf, readODTStyle, spans, type ODTStyles } from "./odtspan.ts";
import { set } from "./words.ts";
import { attr, inside, newXML, root, skip, type Element, type XML } from "./xml.ts";
import type { Archive } from "./zip.ts";

export interface ODT {
  x: XML;
  out: Lines;
  styles: ODTStyles;
  boxes: Lines[];
  back: Shade;
  item: number; // depth of lists
  cell: boolean; // in a table
  inList: boolean; // the last paragraph was an item
  doubt: string;
}

// readODT reads an OpenDocument text.
export async function readODT(a: Archive): Promise<Copy> {
  const manifest = await a.part("META-INF/manifest.xml");
  if (manifest && new TextDecoder("latin1").decode(manifest).includes("encryption-data")) throw encrypted();
  const styles: ODTStyles = { byName: new Map(), fonts: new Set(), worded: new Set(), seen: new Set(), paged: false, twice: false };
  const o: ODT = { x: newXML(new Uint8Array()), out: newLines(), styles, boxes: [], back: paper, item: 0, cell: false, inList: false, doubt: "" };
  // The document's own styles come last, since they go before the others.
  for (const name of ["styles.xml", "content.xml"]) {
    const part = await a.part(name);
    styles.seen.clear();
    if (styles.paged) o.back = undefined;
    if (part) {
      o.x = newXML(part);
      root(o.x);
      inside(o.x, (e) => top(o, e));
    } else if (name === "content.xml") throw damaged("an OpenDocument file without its text");
  }
  if (styles.twice) o.out.cover = "two styles have one name";
  if (styles.paged) o.out.cover = "words on a page that is not white";
  return copyOf(o.out, "odt");
}

function top(o: ODT, e: Element): void {
  switch (e.local) {
    case "styles":
    case "automatic-styles":
    case "font-face-decls":
      return inside(o.x, (e) => readODTStyle(o.styles, o.x, e));
    case "master-styles":
      return left(o, "margins-left-out");
    case "body":
      return inside(o.x, (e) => void (e.local === "text" ? blocks(o) : skip(o.x)));
  }
  skip(o.x);
}

export function left(o: ODT, code: string): void {
  if (skip(o.x)) leave(o.out, code);
}

const blocks = (o: ODT): void => inside(o.x, (e) => block(o, e));

const holders = set("list-item list-header numbered-paragraph index-body index-title text-box");
const sections = set("section table-of-content illustration-index table-index object-index user-index alphabetical-index bibliography");
const shapes = set("frame custom-shape rect ellipse g line path polygon polyline connector caption circle control");

export const isShape = (e: Element) => shapes.has(e.local);

function block(o: ODT, e: Element): void {
  if (holders.has(e.local)) return blocks(o);
  if (sections.has(e.local)) return section(o, e);
  if (isShape(e) || e.local === "a") return drawing(o, e);
  switch (e.local) {
    case "p":
    case "h":
      return paragraph(o, e);
    case "list": {
      const worded = o.styles.worded.has(attr(e, "style-name"));
      if (worded) o.doubt = "the numbering shows words";
      o.item++;
      blocks(o);
      o.item--;
      if (worded) o.doubt = "";
      return;
    }
    case "table":
      end(o.out, emptyLine);
      table(o, e);
      return end(o.out, emptyLine);
    case "tracked-changes":
      return changes(o);
    case "forms":
    case "sequence-decls":
    case "variable-decls":
    case "user-field-decls":
      return void skip(o.x);
  }
  left(o, "hidden-left-out");
}

// changes reads the list of changes, which keeps what was deleted.
function changes(o: ODT): void {
  inside(o.x, () =>
    inside(o.x, (e) => {
      if (e.local !== "deletion") return void skip(o.x);
      inside(o.x, (e) => void (e.local === "change-info" ? skip(o.x) : left(o, "deleted-left-out")));
    }),
  );
}

// section is shown unless it is hidden, for good or on a condition.
function section(o: ODT, e: Element): void {
  const from = o.out.at;
  switch (attr(e, "display")) {
    case "none":
      return left(o, "hidden-left-out");
    case "condition":
      blocks(o);
      return doubt(o.out, from, "a section that is shown on a condition");
  }
  inside(o.x, (e) => {
    if (e.local === "section-source") o.out.cover = "a section is taken from another file";
    if (e.local.endsWith("-source")) skip(o.x);
    else block(o, e);
  });
}

function table(o: ODT, e: Element): void {
  const { back, cell } = o;
  o.back = behind(lookOf(o.styles, "table", attr(e, "style-name")), back);
  o.cell = true;
  const rows = (e: Element): void => {
    const [n, unit] = length(lookOf(o.styles, "table-row", attr(e, "style-name")).props["row-height"]);
    const from = o.out.at;
    inside(o.x, row);
    if (unit > 0 && n * unit < 134) doubt(o.out, from, "words that may be cut off");
  };
  const row = (e: Element): void => {
    switch (e.local) {
      case "table-row":
      case "table-rows":
      case "table-header-rows":
      case "table-row-group":
        return /^(collapse|filter)$/.test(attr(e, "visibility")) ? left(o, "hidden-left-out") : rows(e);
      case "table-cell": {
        const outer = o.back;
        o.back = behind(lookOf(o.styles, "table-cell", attr(e, "style-name")), outer);
        end(o.out, nextLine);
        blocks(o);
        end(o.out, nextLine);
        o.back = outer;
        return;
      }
      case "covered-table-cell":
        return left(o, "hidden-left-out");
    }
    skip(o.x);
  };
  inside(o.x, row);
  o.back = back;
  o.cell = cell;
}

function paragraph(o: ODT, e: Element): void {
  const { boxes, back } = o;
  const before = o.doubt;
  o.boxes = [];
  const look = lookOf(o.styles, "paragraph", attr(e, "style-name"));
  const from = o.out.at;
  if (o.item > 0 && o.inList && o.out.owed === emptyLine) o.out.owed = nextLine;
  o.back = behind(look, back);
  if (o.styles.worded.size > 0 && (o.item > 0 || e.local === "h")) o.doubt = "the numbering shows words";
  if (look.moved) o.doubt = "words may stand over others or outside the page";
  spans(o, look);
  o.back = back;
  if (o.doubt) doubt(o.out, from, o.doubt);
  o.inList = o.item > 0;
  owe(o);
  for (const b of o.boxes) {
    add(o.out, b, emptyLine);
    owe(o);
  }
  o.boxes = boxes;
  o.doubt = before;
}

const owe = (o: ODT) => end(o.out, o.cell ? nextLine : emptyLine);

// drawing reads the boxes of a frame or a shape, and doubts the paragraph when it lies
// over the words.
export function drawing(o: ODT, e: Element): void {
  const look = lookOf(o.styles, "graphic", attr(e, "style-name"));
  const { out, boxes, inList, item, back } = o;
  Object.assign(o, { out: newLines(), boxes: [], item: 0, back: undefined });
  shape(o);
  const box = o.out;
  Object.assign(o, { out, boxes: [...boxes, box], inList, item, back });
  const anchor = attr(e, "anchor-type");
  if (!look.through || look.behindText || anchor === "as-char") return;
  const detail = "a drawing lies over the words";
  if (anchor === "page" || tooFar(attr(e, "y"))) o.out.cover = detail;
  else o.doubt = detail;
}

// tooFar tells a distance of more than an inch.
function tooFar(s: string): boolean {
  const [n, unit] = length(s);
  return unit > 0 && Math.abs(n * unit) > 96;
}

function shape(o: ODT): void {
  inside(o.x, (e) => {
    switch (e.local) {
      case "image":
      case "object":
      case "object-ole":
      case "plugin":
      case "applet":
        leave(o.out, "pictures-not-read");
        return void skip(o.x);
      case "p":
      case "h":
      case "list":
      case "table":
        return block(o, e);
      case "text-box":
      case "g":
      case "frame":
      case "a":
      case "custom-shape":
      case "rect":
      case "ellipse":
      case "line":
      case "path":
        return shape(o);
      case "title":
      case "desc":
        return void skip(o.x);
    }
    left(o, "hidden-left-out");
  });
}
