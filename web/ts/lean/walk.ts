// Reads the words that a page in this browser shows, where all of them are shown plainly:
// with the rules of extract/live.ts, of which it passes over none. What that would leave
// out, but for what has no box at all, or have doubts about, throws here.
import { colour, covers, meets, over, paragraphs, within, type Colour } from "../extract/live.ts";
import { need } from "./evidence.ts";

// Look is what an element hands down to what is in it.
type Look = [style: CSSStyleDeclaration, opacity: number, ground: Colour, clips: DOMRect[]];

// What of a style may change what is read, and the values that do not.
const effects = (
  "filter mixBlendMode maskImage backdropFilter offsetPath textDecorationLine rotate transform clipPath clip textTransform webkitTextSecurity letterSpacing wordSpacing " +
  "colorScheme unicodeBidi writingMode order flexFlow display float visibility backgroundImage outlineStyle boxShadow fontSizeAdjust webkitTextStroke"
).split(" ");
const innocent = /^(;|none|normal|auto|0|\d+(\.\d+)?px|underline|isolate|horizontal-tb|row|column|nowrap|wrap|block|inline|list-item|flow-root|flex|grid|table(-[a-z-]+)?|contents|visible|light|matrix\([^,]+, 0,[^)]+\)|0px rgb\([\d, ]+\)| )*$/;
// What live.ts skips, and what it takes for pictures.
const silent = /^(SCRIPT|STYLE|TEMPLATE|NOSCRIPT|RP|TITLE|SIJIL-BADGE|IMG|SVG|VIDEO|CANVAS|I?FRAME|OBJECT|EMBED|AUDIO|METER|PROGRESS)$/i;
// light is that of a colour, up to 2550. Colours that are 1200 apart have a
// contrast of 1.6 (WCAG 2.2), which live.ts asks for, whatever they are.
const light = ([r, g, b]: Colour) => 2 * r + 7 * g + b;

function lookOf(e: Element, up?: Look): Look {
  const style = getComputedStyle(e);
  const back = colour(style.backgroundColor);
  const { clientWidth, scrollHeight } = document.documentElement;
  const [, opacity = 1, ground = [255, 255, 255, 1] as const, clips = [new DOMRect(-scrollX, -scrollY, clientWidth, scrollHeight)]] = up ?? [];
  const root = /^(HTML|BODY)$/.test(e.tagName);
  need(back && innocent.test(effects.map((p) => (style as never)[p]).join(";")));
  return [style, opacity * +style.opacity, over(back, ground), /hidden|clip/.test(style.overflow) && !root ? [...clips, e.getBoundingClientRect()] : clips];
}

// walk throws where anything is unusual. What skip is, is no part of the text.
export function walk(root: Element, skip?: Element): string {
  // Behind a page that may be dark is not white.
  need(!document.querySelector("[name=color-scheme]"));
  const passages: [Node, DOMRect[]][] = [];
  let [text, ends, space] = ["", 0, false];
  const line = (n: number) => {
    if (n) [ends, space] = [Math.max(ends, n), false];
  };
  const child = (node: Node, l: Look) => {
    const e = node as Element;
    if (node instanceof Text) {
      const [style, opacity, ground, clips] = l;
      const range = document.createRange();
      range.selectNode(node);
      const boxes = [...range.getClientRects()];
      const [r = 0, g = 0, b = 0, a = 0] = colour(style.webkitTextFillColor) ?? [];
      if (/\S/.test(node.data)) {
        need(
          parseFloat(style.fontSize) >= 5 && a >= 0.35 && opacity >= 0.35 && Math.abs(light(over([r, g, b, a * opacity], ground)) - light(ground)) > 1200 &&
            node.parentElement?.checkVisibility?.() !== false && boxes.some((b) => b.width > 1 && b.height >= 4 && clips.every((c) => meets(b, c))) &&
            boxes.every((b) => clips.every((c) => within(b, c))) && !/^(pre|break)/.test(style.whiteSpace),
        );
        passages.push([node, boxes]);
      } else if (!boxes.length) return;
      node.data.split(/[^\S\u00a0]+/).forEach((part, i) => {
        if (i) space = true;
        if (!part) return;
        text += (text && (ends ? "\n".repeat(ends) : space ? " " : "")) + part;
        [ends, space] = [0, false];
      });
    } else if (e.tagName === "BR") [ends, space] = [Math.min(ends + 1, 2), false];
    else if (node instanceof Element && e !== skip && getComputedStyle(e).display !== "none") {
      if (silent.test(e.tagName)) need(!/\S/.test(e.textContent + ((e as HTMLImageElement).naturalWidth === 0 ? (e as HTMLImageElement).alt : "")));
      else element(e, lookOf(e, l), l);
    }
  };
  const element = (e: Element, l: Look, up?: Look) => {
    const [style] = l;
    need(!e.shadowRoot && !/^(Q|SLOT|DETAILS|INPUT|TEXTAREA|SELECT)$/i.test(e.tagName) && !/"/.test(style.listStyleType) && ["::before", "::after", "::marker"].every((p) => /^no/.test(getComputedStyle(e, p).content)));
    const breaks = /^(inline|contents|ruby)/.test(style.display) ? 0 : paragraphs.test(e.tagName) && !up?.[0].display.includes("list") ? 2 : 1;
    line(breaks);
    for (const c of e.childNodes) child(c, l);
    line(breaks);
  };
  const up = (e: Element | null): Look | undefined => e ? lookOf(e, up(e.parentElement)) : undefined;
  element(root, up(root) as Look, up(root.parentElement));

  // Whatever lies over the words, painted or not.
  for (const e of document.body.querySelectorAll("*")) {
    if (e === skip || getComputedStyle(e).visibility !== "visible") continue;
    for (const b of e.getClientRects()) need(!passages.some(([node, boxes]) => !e.contains(node) && boxes.some((own) => covers(b, own))));
  }
  return text;
}
