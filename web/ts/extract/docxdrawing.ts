// Drawings in a Word file, and the boxes in them. Mirrors internal/extract/docxdrawing.go.
import { blocks, branch, newParagraph, type Docx } from "./docx.ts";
import type { Paragraph } from "./docxrun.ts";
import { integer } from "./docxstyle.ts";
import { leave, newLines } from "./lines.ts";
import { trim } from "./words.ts";
import { attr, inside } from "./xml.ts";

// Distances from its paragraph up to which a drawing is taken to lie over that paragraph
// alone, in English metric units: one inch.
const nearby = 914400;

// Drawn is what is known of a drawing.
interface Drawn { over: boolean; far: boolean; picture: boolean }

// drawing reads the boxes of a drawing, whose text follows the paragraph, and doubts the
// paragraph when the drawing lies over it.
export function drawing(d: Docx, p: Paragraph): void {
  const w: Drawn = { over: false, far: false, picture: false };
  shapes(d, w, p);
  if (w.picture) leave(d.out, "pictures-not-read");
  if (!w.over) return;
  const detail = "a drawing lies over the words";
  if (w.far) d.out.cover = detail;
  else p.doubt = detail;
}

function shapes(d: Docx, w: Drawn, p: Paragraph): void {
  inside(
    d.x,
    (e) => {
      switch (e.local) {
        case "txbxContent":
          return box(d, p);
        case "AlternateContent":
          return branch(d, () => shapes(d, w, p));
        case "wrapNone":
          w.over = true;
          break;
        case "positionV":
          w.far ||= !/^(paragraph|line)$/.test(attr(e, "relativeFrom"));
          break;
        case "blip":
        case "imagedata":
        case "OLEObject":
        case "chart":
        case "relIds":
          w.picture = true;
      }
      const style = attr(e, "style");
      if (e.space.startsWith("urn:") && style.includes("absolute") && !style.includes("z-index:-")) w.over = true;
      shapes(d, w, p);
      if (/^(1|true)$/.test(attr(e, "behindDoc"))) w.over = false;
    },
    (s) => {
      const n = integer(trim(s)) ?? 0;
      if (n > nearby || n < -nearby) w.far = true;
    },
  );
}

// box reads the text of a box for itself.
function box(d: Docx, p: Paragraph): void {
  const { out, boxes, back, merge, inList } = d;
  Object.assign(d, { out: newLines(), boxes: [], back: undefined });
  blocks(d, newParagraph(p.cell));
  boxes.push(d.out);
  Object.assign(d, { out, boxes, back, merge, inList });
}
