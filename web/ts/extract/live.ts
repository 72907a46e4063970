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
  drawing: boolean; // in SVG, whose sizes and colours are its own
  clips: DOMRect[];
}

// Properties whose values may change what a reader sees, and what may then be wrong.
const effects: [properties: string, innocent: RegExp, doubt: string][] = [
  ["filter mixBlendMode maskImage webkitMaskBoxImageSource backdropFilter offsetPath", /^(none|normal|auto|)$/, "words that a picture effect may hide"],
  ["textDecorationLine", /^(?!.*through)/, "words that are struck through"],
  ["textUnderlineOffset", /^(auto|-?[0-2](\.\d+)?px|\d.*px|)$/, "words that are struck through"],
  ["textDecorationThickness", /^(auto|from-font|[0-5](\.\d+)?px|)$/, "words under a thick line"],
  ["fontSizeAdjust", /^(none|)$/, "a size that cannot be told from the style"],
  ["webkitTextStrokeWidth", /^([01](\.\d+)?px|)$/, "words that hardly show"],
  ["rotate transform", /^(none|matrix\([^,]+, 0,.*|)$/, "words that are turned"],
  ["clipPath", /^(none|)$/, "words that may be cut off"],
  ["textTransform webkitTextSecurity", /^(none|)$/, "capitals that are not in the file"],
  ["letterSpacing wordSpacing", /^(?!-)/, "words that lie over each other"],
  ["unicodeBidi writingMode order flexFlow", /^(?!.*(override|plaintext|vertical|sideways|reverse)|-?[1-9])/, "the order of the parts is changed"],
];
// skipped are elements that show nothing, unless the page's style says otherwise.
export const skipped = /^(SCRIPT|STYLE|TEMPLATE|NOSCRIPT|RP|TITLE|SIJIL-BADGE)$/i;
const drawnSilent = /^(title|desc|metadata|defs|symbol|style|script)$/;
export const pictures = /^(IMG|SVG|VIDEO|CANVAS|IFRAME|FRAME|OBJECT|EMBED|AUDIO|METER|PROGRESS)$/i;
// odd are elements whose words a reader may not see as they stand.
const odd: Record<string, string> = { SVG: "words in a drawing", MATH: "words in a formula", OBJECT: "words in place of something else", MARQUEE: "words that move" };
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

// reach is how far around its boxes an element draws: a wide outline, or a shadow that has
// nearly the colour of a box.
function reach(style: CSSStyleDeclaration): number {
  const outline = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
  return Math.max(outline > 5 ? outline + Math.max(0, parseFloat(style.outlineOffset)) : 0, shadow(style.boxShadow));
}

function shadow(v: string): number {
  const far = v.split(/,(?![^(]*\))/).map((one) => {
    const [x = 0, y = 0, blur = 0, spread = 0] = (one.replace(/\([^)]*\)/g, "").match(/-?[\d.]+(?=px)/g) ?? []).map(Number);
    return one.includes("inset") || (colour(one.replace(/\).*/, ""))?.[3] ?? 1) <= 0.4 ? 0 : Math.max(Math.abs(x), Math.abs(y)) + spread - blur / 2;
  });
  const most = Math.max(...far);
  return most > 8 ? most : 0;
}

const painted = (style: CSSStyleDeclaration) =>
  style.backgroundImage !== "none" || (colour(style.backgroundColor)?.[3] ?? 1) > 0 || ["Top", "Right", "Bottom", "Left"].some((side) => parseFloat((style as unknown as Record<string, string>)[`border${side}Width`] ?? "") > 9);

// drawnBy are the places where an element shows something.
function drawnBy(e: Element, style: CSSStyleDeclaration): DOMRect[] {
  const n = reach(style);
  const own = pictures.test(e.tagName) || [...e.childNodes].some((c) => c instanceof Text && /\S/.test(c.data));
  if (!own && n === 0 && !painted(style)) return [];
  return [...e.getClientRects()].map((b) => new DOMRect(b.left - n, b.top - n, b.width + 2 * n, b.height + 2 * n));
}

// canvas is the colour behind a page that paints nothing there, which is the browser's:
// shadow is where a page's styles do not reach, and no one sees what comes and goes.
export function canvas(shadow: ShadowRoot): Colour | undefined {
  const probe = document.createElement("i");
  probe.style.cssText = `background:Canvas;color-scheme:${getComputedStyle(document.documentElement).colorScheme}`;
  shadow.append(probe);
  const c = colour(getComputedStyle(probe).backgroundColor);
  probe.remove();
  return c;
}

const mayBeDark = () => /dark/.test(getComputedStyle(document.documentElement).colorScheme) || document.querySelector("meta[name=color-scheme i]") !== null;

function lookOf(e: Element, up: Look | undefined, behind?: Colour): Look {
  const style = getComputedStyle(e);
  const root = e === document.documentElement || e === document.body;
  const l: Look = { style, opacity: (up?.opacity ?? 1) * Number(style.opacity), ground: up ? up.ground : behind, doubt: up?.doubt ?? "", gone: up?.gone ?? false, drawing: up?.drawing || /^svg$/i.test(e.tagName), clips: up?.clips ?? [] };
  const back = colour(style.backgroundColor);
  if (!back) l.ground = undefined;
  else if (back[3] > 0) l.ground = back[3] === 1 ? back : l.ground && over(back, l.ground);
  if (style.backgroundImage !== "none") {
    l.ground = undefined;
    if (!root) l.doubt = "words on a picture that may hide them";
  }
  if (style.boxShadow.includes("inset") || (style.borderImageSource && style.borderImageSource !== "none")) l.ground = undefined;
  if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 1 && parseFloat(style.outlineOffset) < -3) l.doubt = "an outline may lie over the words";
  if (shadow(style.textShadow) > 0) l.doubt = "a shadow may lie over the words";
  l.doubt = odd[e.tagName.toUpperCase()] ?? l.doubt;
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
  if (l.gone || l.style.visibility !== "visible" || !shown) return undefined;
  if (l.drawing) return l.doubt;
  if (size < 1.5) return undefined;
  const ink = colour(l.style.webkitTextFillColor);
  const plain = l.style.textShadow === "none" && !parseFloat(l.style.webkitTextStrokeWidth); // else its edge may show
  if (!ink) return "words in a colour that is not known";
  if (l.ground) {
    const ratio = contrast(over([ink[0], ink[1], ink[2], ink[3] * l.opacity], l.ground), l.ground);
    if (ratio < 1.08 && plain) return undefined;
    if (ratio < 1.6) return "words that hardly show";
  }
  if (ink[3] < 0.35 || l.opacity < 0.35 || size < 5 || boxes.every((b) => b.height < 4)) return "words that hardly show";
  return l.doubt || (boxes.every((b) => l.clips.every((c) => within(b, c))) ? "" : "words that may be cut off");
}

// ownWords reports whether the style writes words around or into an element.
export function ownWords(e: Element, style: CSSStyleDeclaration): boolean {
  return ["::before", "::after", "::marker"].some((p) => {
    const { content } = getComputedStyle(e, p);
    return /"[^"]*(?![\ufe0e\ufe0f])[\p{L}\p{N}\p{M}\p{Sc}%\u2030?\xac\u2260]|attr\(|counter|url\(/u.test(content) || (/quote/.test(content) && /"[^"]*[\p{L}\p{N}]/u.test(style.quotes));
  }) || /"/.test(style.listStyleType) || (e.tagName === "Q" && style.quotes !== "auto");
}

// overlays reports whether the style paints a box of its own that may lie over words.
const overlays = (e: Element) =>
  ["::before", "::after"].some((p) => {
    const s = getComputedStyle(e, p);
    const moved = s.position !== "static" || s.transform !== "none" || s.margin.includes("-");
    return !/^(none|normal)$/.test(s.content) && moved && painted(s) && !s.zIndex.startsWith("-") && !(parseFloat(s.width) < 24) && !(parseFloat(s.height) < 8);
  });

// named reports whether a picture on a line with words is missing: browsers then show its
// name.
const named = (e: Element) =>
  [...e.childNodes].some((c) => c instanceof Text && /\S/.test(c.data)) &&
  [...e.children].some((c) => c instanceof HTMLImageElement && /[\p{L}\p{Nd}]/u.test(c.alt) && !c.naturalWidth && (c.complete || c.loading !== "lazy"));

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

// reordered reports whether what is in an element may be shown in another order than it
// stands: a part that floats out of a line, flex items with an order of their own, boxes
// within a line whose direction is not that of its words, parts above those before them.
function reordered(e: Element, style: CSSStyleDeclaration): boolean {
  let inline = false; // something of the line stands before
  let last: DOMRect | undefined; // the part before
  const rows = /flex|grid/.test(style.display);
  for (const c of e.childNodes) {
    if (c instanceof Text) inline ||= /\S/.test(c.data);
    if (!/\S/.test(c.textContent ?? "") || !(c instanceof Element || c instanceof Text)) continue;
    const place = document.createRange();
    place.selectNode(c);
    const b = c instanceof Element ? c.getBoundingClientRect() : place.getBoundingClientRect();
    const own = c instanceof Element ? getComputedStyle(c) : undefined;
    if (b.width > 1 && b.height > 1 && (!own || (own.visibility === "visible" && own.position !== "fixed"))) {
      if (last && b.bottom <= last.top + 1 && b.left < last.right && last.left < b.right) return true;
      const back = last && (style.direction === "rtl" ? b.left >= last.right - 1 : b.right <= last.left + 1);
      if (rows && last && back && b.top < last.bottom - 1 && last.top < b.bottom - 1) return true;
      last = b;
    }
    if (!own) continue;
    if ((own.float !== "none" && inline) || (own.order !== "0" && rows)) return true;
    if (/^inline-/.test(own.display) && (style.direction === "rtl") !== rightToLeft.test(e.textContent)) return true;
    inline = /^inline/.test(own.display) || (inline && own.float !== "none");
  }
  return false;
}

const overlay = "something may lie over the words";

interface Passage {
  at: number;
  end: number;
  doubt: string;
  node: Node;
  boxes: DOMRect[];
}

// walk reads what root shows. What skip chooses is no part of it.
export function walk(root: Element, skip: (e: Element) => boolean = () => false, behind: Colour | undefined = mayBeDark() ? undefined : [255, 255, 255, 1]): Copy {
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
    if (!l.gone && style.visibility === "visible") drawn.push({ e, boxes: drawnBy(e, style) });
    if (pictures.test(e.tagName)) {
      images += l.gone ? 0 : 1;
      if (!odd[e.tagName.toUpperCase()]) return; // else there may be words in it
    }
    const breaks = /^(inline|contents|ruby|none)/.test(style.display) ? 0 : paragraphs.test(e.tagName) && !up?.style.display.includes("list") ? 2 : 1;
    line(breaks);
    const before = text.length;
    if (e instanceof HTMLInputElement || e instanceof HTMLTextAreaElement || e instanceof HTMLSelectElement) {
      const list = e instanceof HTMLSelectElement && (e.multiple || e.size > 1);
      const shown = e instanceof HTMLSelectElement ? [...(list ? e.options : e.selectedOptions)].map((o) => o.label).join("\n") : /^(hidden|password|checkbox|radio|range|color|file|image)$/.test(e.type) ? "" : e.value || e.placeholder;
      const cut = list || e.scrollWidth > e.clientWidth + 4 || e.scrollHeight > e.clientHeight + 4;
      words(e, shown, cut ? { ...l, doubt: "words that may be cut off" } : l, [e.getBoundingClientRect()]);
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
    const doubtAll = (doubt: string, at = Math.max(0, before - 1), end = Math.max(text.length, before + 1)) => passages.push({ at, end, doubt, node: e, boxes: [] });
    if (!l.gone && (ownWords(e, style) || reordered(e, style))) doubtAll("the style shows words of its own, or in another order");
    if (!l.gone && named(e)) doubtAll("a picture among the words has a name that may be shown");
    if (!l.gone && overlays(e)) {
      if (style.position === "static") doubtAll(overlay, 0, Infinity);
      else doubtAll(overlay);
    }
    line(breaks);
  };
  const child = (node: Node, l: Look) => {
    if (node instanceof Text) {
      const range = document.createRange();
      range.selectNode(node);
      words(node, node.data, l, [...range.getClientRects()]);
    } else if (node instanceof Element && node.tagName !== "SIJIL-BADGE" && !skip(node)) {
      if (l.drawing && drawnSilent.test(node.tagName)) return;
      const own = lookOf(node, l);
      const silent = skipped.test(node.tagName);
      if (silent && own.style.display === "none") return;
      element(node, silent ? { ...own, doubt: "words that the style shows" } : own, l);
    }
  };

  const above: Element[] = [];
  for (let e = root.parentElement; e; e = e.parentElement) above.unshift(e);
  const up = above.reduce<Look | undefined>((l, e) => lookOf(e, l, behind), undefined);
  element(root, lookOf(root, up, behind), up);
  drawn.push(...around(root, skip));
  if (above.some(overlays)) passages.push({ at: 0, end: Infinity, doubt: overlay, node: root, boxes: [] });
  for (const p of passages) {
    if (p.doubt === "" && drawn.some((d) => !d.e.contains(p.node) && d.boxes.some((b) => p.boxes.some((own) => covers(b, own))))) p.doubt = overlay;
  }
  return copyOf(text, passages, unseen, images);
}

// around is what is drawn elsewhere on the page. A bar that stays while the page scrolls
// lies over other words each time: only one that fills half of the window counts.
function around(root: Element, skip: (e: Element) => boolean): { e: Element; boxes: DOMRect[] }[] {
  const out: { e: Element; boxes: DOMRect[] }[] = [];
  for (const e of document.body.querySelectorAll("*")) {
    if (e.contains(root) || root.contains(e) || e.tagName === "SIJIL-BADGE" || skip(e)) continue;
    const style = getComputedStyle(e);
    if (style.visibility !== "visible" || style.display === "none") continue;
    const boxes = drawnBy(e, style);
    if (boxes.length === 0) continue;
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
