// Reads the words that a page in this browser shows, for the badge. Where extract/page.ts
// works out from a file what would be shown, this asks the browser: computed styles and
// boxes. Words that are not shown are left out and reported; words of which it cannot be
// told whether they are shown as they stand are in doubt, and a verdict on them is none.
import type { Copy } from "../match/match.ts";

export type Colour = readonly [r: number, g: number, b: number, a: number];

// Look is what an element hands down to what is in it.
interface Look {
  style: CSSStyleDeclaration;
  opacity: number;
  ground: Colour | undefined; // behind the words; unknown over a picture
  doubt: string;
  gone: boolean;
  clips: DOMRect[];
}

// Properties whose values may change what a reader sees, and what may then be wrong.
const effects: [properties: string, innocent: RegExp, doubt: string][] = [
  ["filter mixBlendMode maskImage backdropFilter offsetPath", /^(none|normal|auto|)$/, "words that a picture effect may hide"],
  ["textDecorationLine", /^(?!.*through)/, "words that are struck through"],
  ["rotate transform", /^(none|matrix\([^,]+, 0,.*|)$/, "words that are turned"],
  ["clipPath", /^(none|)$/, "words that may be cut off"],
  ["textTransform webkitTextSecurity", /^(none|)$/, "capitals that are not in the file"],
  ["letterSpacing wordSpacing", /^(?!-)/, "words that lie over each other"],
  ["unicodeBidi writingMode order flexFlow", /^(?!.*(override|plaintext|vertical|sideways|reverse)|-?[1-9])/, "the order of the parts is changed"],
];
export const skipped = /^(SCRIPT|STYLE|TEMPLATE|NOSCRIPT|RP|TITLE|SIJIL-BADGE)$/i;
export const pictures = /^(IMG|SVG|VIDEO|CANVAS|IFRAME|FRAME|OBJECT|EMBED|AUDIO|METER|PROGRESS)$/i;
export const paragraphs = /^(P|H\d|BLOCKQUOTE|[UOD]L|PRE|TABLE|FIGURE|HR|MENU|FIELDSET|FORM)$/;

export function colour(s: string): Colour | undefined {
  const [r, g, b, a = 1] = /^rgb/.test(s) ? (s.match(/[\d.]+/g) ?? []).map(Number) : [];
  return b === undefined ? undefined : [r as number, g as number, b, a];
}

export const over = ([r, g, b, a]: Colour, [x, y, z]: Colour): Colour => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];

// contrast of two colours (WCAG 2.2).
export function contrast(a: Colour, b: Colour): number {
  const light = ([x, y, z]: Colour) => {
    const [r, g, bl] = [x, y, z].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl + 0.05;
  };
  const [x, y] = [light(a), light(b)];
  return Math.max(x, y) / Math.min(x, y);
}

export const meets = (a: DOMRect, b: DOMRect) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
// covers reports whether b lies over a good part of the words in a.
export const covers = (b: DOMRect, a: DOMRect) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 4 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > Math.min(a.height, b.height) / 2;
export const within = (a: DOMRect, b: DOMRect) => a.left > b.left - 4 && a.right < b.right + 4 && a.top > b.top - 4 && a.bottom < b.bottom + 4;

function lookOf(e: Element, up: Look | undefined): Look {
  const style = getComputedStyle(e);
  const root = e === document.documentElement || e === document.body;
  const l: Look = { style, opacity: (up?.opacity ?? 1) * Number(style.opacity), ground: up ? up.ground : [255, 255, 255, 1], doubt: up?.doubt ?? "", gone: up?.gone ?? false, clips: up?.clips ?? [] };
  const back = colour(style.backgroundColor);
  if (!back) l.ground = undefined;
  else if (back[3] > 0) l.ground = back[3] === 1 ? back : l.ground && over(back, l.ground);
  if (root && style.colorScheme.includes("dark") && !(back && back[3] === 1)) l.ground = undefined;
  if (style.backgroundImage !== "none") {
    l.ground = undefined;
    if (!root) l.doubt = "words on a picture that may hide them";
  }
  for (const [properties, innocent, doubt] of effects) {
    for (const p of properties.split(" ")) if (!innocent.test((style as unknown as Record<string, string>)[p] ?? "")) l.doubt = doubt;
  }
  if (style.clip !== "auto" && style.position !== "static") {
    l.doubt = "words that may be cut off";
    if (!/[2-9]|\d\d/.test(style.clip)) l.gone = true;
  }
  if (style.display === "none" || l.opacity < 0.05 || /^inset\(([5-9]\d|\d{3})[\d.]*%|^circle\(0/.test(style.clipPath)) l.gone = true;
  if (/hidden|clip/.test(style.overflow) && !root) l.clips = [...l.clips, e.getBoundingClientRect()];
  return l;
}

// judge says of words with these boxes: undefined that nobody sees them, "" that
// everybody does, else why that is in doubt.
function judge(l: Look, boxes: DOMRect[], page: DOMRect): string | undefined {
  const size = parseFloat(l.style.fontSize);
  const shown = boxes.some((b) => b.width > 1 && b.height > 1 && [page, ...l.clips].every((c) => meets(b, c)));
  if (l.gone || l.style.visibility !== "visible" || size < 1.5 || !shown) return undefined;
  const ink = colour(l.style.webkitTextFillColor);
  const plain = l.style.textShadow === "none" && !parseFloat(l.style.webkitTextStrokeWidth);
  if (!ink) return "words in a colour that is not known";
  if (l.ground && plain) {
    const ratio = contrast(over([ink[0], ink[1], ink[2], ink[3] * l.opacity], l.ground), l.ground);
    if (ratio < 1.08) return undefined;
    if (ratio < 1.6) return "words that hardly show";
  }
  if (ink[3] < 0.35 || l.opacity < 0.35 || size < 5 || boxes.every((b) => b.height < 4)) return "words that hardly show";
  return l.doubt || (boxes.every((b) => l.clips.every((c) => within(b, c))) ? "" : "words that may be cut off");
}

// ownWords reports whether the style writes words around or into an element.
export function ownWords(e: Element, style: CSSStyleDeclaration): boolean {
  return ["::before", "::after", "::marker"].some((p) => /"[^"]*[\p{L}\p{N}]|attr\(|counter/u.test(getComputedStyle(e, p).content))
    || /"/.test(style.listStyleType) || (e.tagName === "Q" && style.quotes !== "auto");
}

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

// reordered reports whether what is in an element may be shown in another order than it
// stands: a part that floats out of a line, flex items with an order of their own, boxes
// within a line whose direction is not that of its words.
function reordered(e: Element, style: CSSStyleDeclaration): boolean {
  let inline = false; // something of the line stands before
  for (const c of e.childNodes) {
    if (c instanceof Text) inline ||= /\S/.test(c.data);
    if (!(c instanceof Element) || !/\S/.test(c.textContent)) continue;
    const own = getComputedStyle(c);
    if ((own.float !== "none" && inline) || (own.order !== "0" && /flex|grid/.test(style.display))) return true;
    if (/^inline-/.test(own.display) && (style.direction === "rtl") !== rightToLeft.test(e.textContent)) return true;
    inline = /^inline/.test(own.display) || (inline && own.float !== "none");
  }
  return false;
}

interface Passage {
  at: number;
  end: number;
  doubt: string;
  node: Node;
  boxes: DOMRect[];
}

// walk reads what root shows. What skip chooses is no part of it.
export function walk(root: Element, skip: (e: Element) => boolean = () => false): Copy {
  const html = document.documentElement;
  const page = new DOMRect((getComputedStyle(html).direction === "rtl" ? html.clientWidth - html.scrollWidth : 0) - scrollX, -scrollY, html.scrollWidth, html.scrollHeight);
  let [text, ends, space, unseen, images] = ["", 0, false, 0, 0];
  const passages: Passage[] = [];
  const drawn: { e: Element; boxes: DOMRect[] }[] = []; // what may lie over words

  const line = (n: number) => {
    if (n > 0) [ends, space] = [Math.max(ends, n), false];
  };
  const put = (s: string, keep: boolean) => {
    for (const part of s.match(/\n|[^\S\n\u00a0]+|[\S\u00a0]+/g) ?? []) {
      if (keep && part === "\n") [ends, space] = [Math.min(ends + 1, 2), false];
      else if (/^[^\S\u00a0]/.test(part)) space = true;
      else {
        if (text !== "") text += ends > 0 ? "\n\n".slice(2 - ends) : space ? " " : "";
        text += part;
        [ends, space] = [0, false];
      }
    }
  };
  const words = (node: Node, s: string, l: Look, boxes: DOMRect[]) => {
    if (!/\S/.test(s)) {
      if (boxes.length > 0) put(s, /^(pre|break)/.test(l.style.whiteSpace));
      return;
    }
    const holder = node instanceof Element ? node : node.parentElement; // closed details and the like
    const doubt = holder?.checkVisibility?.() === false ? undefined : judge(l, boxes, page);
    if (doubt === undefined) return void unseen++;
    const before = text.length;
    put(s, /^(pre|break)/.test(l.style.whiteSpace));
    passages.push({ at: before, end: text.length, doubt, node, boxes });
  };
  const element = (e: Element, l: Look, up: Look | undefined) => {
    const { style } = l;
    if (e.tagName === "BR") return void ([ends, space] = [Math.min(ends + 1, 2), false]);
    const picture = pictures.test(e.tagName);
    const own = [...e.childNodes].some((c) => c instanceof Text && /\S/.test(c.data));
    const painted = style.backgroundImage !== "none" || (colour(style.backgroundColor)?.[3] ?? 1) > 0;
    if (!l.gone && style.visibility === "visible" && (picture || own || painted)) drawn.push({ e, boxes: [...e.getClientRects()] });
    if (picture) return void (images += l.gone ? 0 : 1);
    const breaks = /^(inline|contents|ruby|none)/.test(style.display) ? 0 : paragraphs.test(e.tagName) && !up?.style.display.includes("list") ? 2 : 1;
    line(breaks);
    const before = text.length;
    if (e instanceof HTMLInputElement || e instanceof HTMLTextAreaElement || e instanceof HTMLSelectElement) {
      const shown = e instanceof HTMLSelectElement ? (e.selectedOptions[0]?.text ?? "") : /^(hidden|password|checkbox|radio|range|color|file|image)$/.test(e.type) ? "" : e.value || e.placeholder;
      words(e, shown, l, [e.getBoundingClientRect()]);
    } else {
      const quotes = e.tagName === "Q" && !l.gone;
      if (quotes) put("\u201c", false);
      const slotted = e instanceof HTMLSlotElement ? e.assignedNodes() : [];
      for (const c of slotted.length > 0 ? slotted : (e.shadowRoot ?? e).childNodes) {
        if (e instanceof HTMLDetailsElement && !e.open && !(c instanceof Element && c.tagName === "SUMMARY")) unseen += /\S/.test(c.textContent ?? "") ? 1 : 0;
        else child(c, l);
      }
      if (quotes) {
        [ends, space] = [0, false];
        text += "\u201d";
      }
    }
    if (!l.gone && (ownWords(e, style) || reordered(e, style))) {
      passages.push({ at: Math.max(0, before - 1), end: Math.max(text.length, before + 1), doubt: "the style shows words of its own, or in another order", node: e, boxes: [] });
    }
    line(breaks);
  };
  const child = (node: Node, l: Look) => {
    if (node instanceof Text) {
      const range = document.createRange();
      range.selectNode(node);
      words(node, node.data, l, [...range.getClientRects()]);
    } else if (node instanceof Element && !skipped.test(node.tagName) && !skip(node)) element(node, lookOf(node, l), l);
  };

  const above: Element[] = [];
  for (let e = root.parentElement; e; e = e.parentElement) above.unshift(e);
  const up = above.reduce<Look | undefined>((l, e) => lookOf(e, l), undefined);
  element(root, lookOf(root, up), up);
  drawn.push(...around(root, skip));
  for (const p of passages) {
    if (p.doubt === "" && drawn.some((d) => !d.e.contains(p.node) && d.boxes.some((b) => p.boxes.some((own) => covers(b, own))))) p.doubt = "something may lie over the words";
  }
  return copyOf(text, passages, unseen, images);
}

// around is what is drawn elsewhere on the page. A bar that stays while the page scrolls
// lies over other words each time: only one that fills half of the window counts.
function around(root: Element, skip: (e: Element) => boolean): { e: Element; boxes: DOMRect[] }[] {
  const out: { e: Element; boxes: DOMRect[] }[] = [];
  for (const e of document.body.querySelectorAll("*")) {
    if (e.contains(root) || root.contains(e) || skipped.test(e.tagName) || skip(e)) continue;
    const style = getComputedStyle(e);
    const own = pictures.test(e.tagName) || [...e.childNodes].some((c) => c instanceof Text && /\S/.test(c.data));
    const painted = style.backgroundImage !== "none" || (colour(style.backgroundColor)?.[3] ?? 1) > 0;
    if (style.visibility !== "visible" || style.display === "none" || !(own || painted)) continue;
    const boxes = [...e.getClientRects()];
    const stays = [e, ...parents(e)].some((x) => /fixed|sticky/.test(getComputedStyle(x).position));
    if (!stays || boxes.some((b) => b.width * b.height > (innerWidth * innerHeight) / 2)) out.push({ e, boxes });
  }
  return out;
}

function parents(e: Element): Element[] {
  return e.parentElement ? [e.parentElement, ...parents(e.parentElement)] : [];
}

function copyOf(text: string, passages: Passage[], unseen: number, images: number): Copy {
  const encoder = new TextEncoder();
  const bytes = (i: number) => encoder.encode(text.slice(0, i)).length;
  const warning = (code: string, n: number, what: string) => (n > 0 ? [{ code, at: 0, detail: `${what}: ${n}` }] : []);
  return {
    form: "html", text: encoder.encode(text),
    doubts: passages.map((p) => ({ ...p, end: Math.min(p.end, text.length) })).filter((p) => p.doubt !== "" && p.at < p.end).map((p) => ({ at: bytes(p.at), end: bytes(p.end), detail: p.doubt })).sort((a, b) => a.at - b.at),
    warnings: [...warning("hidden-left-out", unseen, "passages that a reader does not see"), ...warning("pictures-not-read", images, "pictures and embedded things")],
  };
}
