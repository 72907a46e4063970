// What of an element's style concerns its place. Mirrors internal/extract/place.go.
import type { Props } from "./cascade.ts";
import { normalSize, number, parseColor, pixels, reset } from "./cssvalue.ts";
import type { Sheet } from "./css.ts";
import { untold, type Look } from "./look.ts";
import { belowZero, values } from "./words.ts";

// far is how far outside its place an element is certainly off the screen, in pixels.
const far = 500;

// How far what lies over others reaches.
export const overParent = 0;
export const overContainer = 1;
export const overAll = 2;

export interface Box {
  gone: boolean; // nothing of it is shown
  display: string; // empty when the browser's own counts
  doubt: string; // of what is in it
  over: string; // why it may lie over other words
  reach: number; // over which
  clipped: number; // lines that fit
  spills: boolean; // what does not fit is shown, and may be covered
  wide: number; // bytes that fit on a line that is not wrapped
  tall: boolean; // paints over the lines above and below
  edge: boolean; // a bar at the top or foot of the window
  pulled: boolean; // moved along the line, which matters between words
  position: boolean; // what is placed inside counts from it
  painted: boolean; // it covers what is behind it, words or none
}

export const newBox = (display = ""): Box => ({ gone: false, display, doubt: "", over: "", reach: 0, clipped: 0, spills: false, wide: 0, tall: false, edge: false, pulled: false, position: false, painted: false });

const cutOff = "words that may be cut off";
const moved = "words that are moved";

const set = (v: string | undefined): v is string => v !== undefined && !reset(v);

// placeBox tells whether an element shows nothing, is cut off, or stands elsewhere.
export function placeBox(b: Box, p: Props, l: Look, sh: Sheet): void {
  if (p.display === "none" || p["content-visibility"] === "hidden" || l.opacity < 0.05) b.gone = true;
  if (p.display?.includes("(")) b.doubt = untold;
  if (set(p.content) && p.content !== "normal" && p.content !== "none") b.doubt = "a picture stands in place of the words";
  clip(b, p);
  if (p["text-indent"]) {
    const n = pixels(p["text-indent"], l.size);
    if (n === undefined || n < -50 || n > 200) b.doubt = "words that may stand outside the page";
  }
  if (p.all) b.doubt = untold;
  for (const k of ["position", "overflow", "overflow-x", "overflow-y", "float", "flex-direction", "flex-wrap", "list-style-type", "contain"]) {
    if (p[k]?.includes("(") && !p[k]?.includes("url(")) b.doubt = untold;
  }
  if (/size|strict/.test(p.contain ?? "")) b.doubt = cutOff;
  const clamp = p["-webkit-line-clamp"];
  if (set(clamp) && clamp !== "none") b.doubt = cutOff;
  transform(b, p);
  overflow(b, p, l);
  place(b, p, sh);
}

// clip reads what is cut out of an element.
function clip(b: Box, p: Props): void {
  const rect = p.clip ?? "";
  if (rect.startsWith("rect(") && (p.position === "absolute" || p.position === "fixed")) {
    const sides = rect.slice(5).replace(/\)$/, "").match(/[^, ]+/g) ?? [];
    const big = sides.some((f) => {
      const n = pixels(f, normalSize);
      return n === undefined || n > 1;
    });
    if (big) b.doubt = cutOff;
    else b.gone = true;
  }
  const path = p["clip-path"];
  if (!set(path) || path === "none") return;
  b.doubt = cutOff;
  const [name, args = ""] = path.split(/\((.*)/s);
  const [n, unit] = number(args.replace(/\)$/, "").split(" ", 1)[0] as string);
  if ((name === "inset" && unit === "%" && n >= 50) || (name === "circle" && n === 0 && unit !== "?")) b.gone = true;
}

// transform reads what moves, shrinks or turns an element.
function transform(b: Box, p: Props): void {
  for (const k of ["transform", "translate", "scale", "rotate", "zoom"]) {
    const v = p[k];
    if (!set(v) || v === "none" || v === "normal") continue;
    for (const f of v.split(")")) {
      const part = f.trim();
      const open = part.indexOf("(");
      const args = part.slice(open + 1).match(/[^, ]+/g) ?? [];
      for (const a of args) move(b, open < 0 ? k : part.slice(0, open), a);
    }
  }
}

function move(b: Box, name: string, arg: string): void {
  let [n, unit] = number(arg);
  if (unit === "%" && (name === "zoom" || name === "scale")) n /= 100;
  if (unit === "?" || /^(matrix|skew|persp)/.test(name)) b.doubt = moved;
  else if (name.startsWith("scale") || name === "zoom") {
    if (n >= 0 && n < 0.1) b.gone = true;
    else if (n < 0.4) b.doubt = "words too small to read";
  } else if (name.startsWith("translate")) {
    const px = pixels(arg, normalSize);
    if (unit === "%" && px !== undefined && (n <= -50 || n > 200)) [b.over, b.reach] = [moved, overContainer];
    else if (unit === "%") return;
    else if (px === undefined) b.doubt = moved;
    else if (px < -far || px > 10 * far) b.gone = true;
    else if (px > 4 || px < -4) [b.over, b.reach] = [moved, overParent];
  } else if (name.startsWith("rotate") && unit === "deg" && n !== 0 && name !== "rotatez" && name !== "rotate") b.doubt = "words that are turned";
}

// overflow reads whether what does not fit is cut off, or shown where other things stand.
function overflow(b: Box, p: Props, l: Look): void {
  const v = `${p.overflow} ${p["overflow-x"]} ${p["overflow-y"]}`;
  const cuts = /hidden|clip/.test(v) || /paint|content/.test(p.contain ?? "");
  const scrolls = /auto|scroll/.test(v);
  if (l.nowrap) b.wide = cuts ? 60 : 120;
  for (const k of ["height", "max-height", "width", "max-width"]) {
    const v = p[k];
    const n = v === undefined ? undefined : pixels(v, l.size);
    if (v === undefined || n === undefined) {
      if (cuts && v?.includes("(")) b.doubt = cutOff;
      continue;
    }
    const high = k.endsWith("height");
    const [, unit] = number(v);
    if (cuts && n <= 1) {
      b.gone = true;
      return;
    }
    if (unit === "%" || (unit.includes("v") && n >= 600)) continue;
    if (!high) {
      if (n < 3 * l.size && (cuts || scrolls || (n < 2 * l.size && p.display === "block"))) b.doubt = cutOff;
      else if (cuts && l.nowrap) b.wide = Math.trunc((2 * n) / Math.max(l.size, 1));
    } else if ((k === "height" && cuts) || n < l.size || (scrolls && n < 3 * l.size)) b.doubt = cutOff;
    else if (cuts) b.clipped = n / Math.max(l.size, 1) / 2;
    else if (!scrolls) [b.clipped, b.spills] = [n / Math.max(l.size, 1), true];
  }
}

// place reads where an element stands.
function place(b: Box, p: Props, sh: Sheet): void {
  const offset = (k: string): [n: number, has: boolean] => {
    const v = p[k];
    const n = set(v) && v !== "auto" ? pixels(v, normalSize) : undefined;
    return [n ?? 0, n !== undefined];
  };
  const [top, hasTop] = offset("top");
  const [left] = offset("left");
  const [right] = offset("right");
  const [bottom, hasBottom] = offset("bottom");
  switch (p.position) {
    case "absolute":
    case "fixed":
      b.position = true;
      if (top <= -far || left <= -far || left > 10 * far || top > 1000 * far || right <= -far || bottom <= -10 * far) {
        b.gone = true;
        return;
      }
      b.over = "something may lie over the words";
      b.reach = overContainer;
      if (p.position === "fixed") {
        b.reach = overAll;
        const full = (hasTop && hasBottom) || p.height?.startsWith("100") ||
          ["height", "min-height", "padding-top", "padding-bottom"].some((k) => p[k] && p[k] !== "auto" && (pixels(p[k], normalSize) ?? far) > 150);
        b.edge = !full && ((hasTop && top <= 0) || (hasBottom && bottom <= 0));
      }
      break;
    case "relative":
    case "sticky":
    case "-webkit-sticky":
      b.position = true;
      if (p.position === "relative" && [top, left, right, bottom].some((n) => n > 2 || n < -2)) [b.over, b.reach] = [moved, overParent];
  }
  if (p.position?.includes("(")) [b.over, b.reach] = [untold, overContainer];
  margins(b, p);
  for (const k of ["top", "left", "right", "bottom", "margin-top", "margin-right", "margin-bottom", "margin-left"]) {
    const v = p[k] ?? "";
    const margin = k[0] === "m";
    if (b.over === "" && v.includes("(") && (margin ? belowZero(v) || (v.includes("var(") && sh.minus) : p.position === "relative")) [b.over, b.reach] = [moved, overParent];
  }
  flow(b, p);
  const image = p["background-image"];
  b.painted = (image !== undefined && image !== "none") || paints(p["background-color"]);
  paint(b, p);
}

// largest is the largest length in a value.
const largest = (v = "") => Math.max(0, ...values(v).map((f) => pixels(f, normalSize) ?? (/calc\(|var\(/.test(f) ? far : 0)));

// paint reads what an element paints beside its background.
function paint(b: Box, p: Props): void {
  if (largest(p.border) > 9 && !p.border?.includes("transparent")) b.painted = b.tall = true;
  b.tall ||= b.painted && Math.max(largest(p["padding-top"]), largest(p["padding-bottom"])) > 13;
  if (p["backdrop-filter"] && p["backdrop-filter"] !== "none") b.painted = true;
  const offset = p["outline-offset"];
  if (Math.max(largest(p.outline), largest(p["outline-width"])) > 5 || (offset && (pixels(offset, normalSize) ?? -far) < -3)) {
    b.painted = true;
    b.doubt = "an outline may lie over the words";
    if (b.over === "") [b.over, b.reach] = [b.doubt, overParent];
  }
  if (b.over === "" && wideShadow(p["box-shadow"] ?? "")) {
    b.painted = true;
    [b.over, b.reach] = ["a shadow may lie over the words", overParent];
  }
}

// wideShadow tells a shadow that covers what stands beside its box.
function wideShadow(v: string): boolean {
  if (/var\(|calc\(/.test(v)) return true;
  let depth = 0;
  let alpha = 1;
  let inset = false;
  let lengths: number[] = [];
  const wide = () => {
    const [x = 0, y = 0, blur = 0, spread = 0] = lengths;
    const is = Math.max(Math.abs(x), Math.abs(y)) + spread - blur / 2 > 8 && alpha > 0.4 && !inset;
    [lengths, alpha, inset] = [[], 1, false];
    return is;
  };
  const parts = [""];
  for (const c of v) {
    if (c === "(") depth++;
    else if (c === ")") depth--;
    if (depth <= 0 && c === ",") parts.push("");
    else parts[parts.length - 1] += c;
  }
  return parts.some((one) => {
    inset = one.includes("inset");
    for (const f of values(one)) {
      const n = pixels(f, normalSize);
      if (n !== undefined) lengths.push(n);
      else alpha = parseColor(f)?.[1] ?? alpha;
    }
    return wide();
  });
}

function paints(v: string | undefined): boolean {
  return set(v) && (parseColor(v)?.[1] ?? 1) > 0.05;
}

function margins(b: Box, p: Props): void {
  for (const k of ["margin-top", "margin-bottom", "margin-left", "margin-right"]) {
    const n = pixels(p[k] ?? "", normalSize);
    if (n === undefined || n > -4) continue;
    if ((k === "margin-left" || k === "margin-top") && n <= -4 * far) b.gone = true;
    else if (k === "margin-top" || k === "margin-bottom" || n < -40) [b.over, b.reach] = ["words that are moved over others", overParent];
    else b.pulled = true;
  }
}

// flow reads what changes the order of things.
function flow(b: Box, p: Props): void {
  const detail = "the order of the parts is changed";
  const [n, unit] = number(p.order ?? "");
  if ((unit === "" && n !== 0) || p.order?.includes("(")) [b.over, b.reach] = [detail, overParent];
  for (const k of ["grid-row", "grid-column", "grid-row-start", "grid-column-start", "grid-row-end", "grid-column-end", "grid-area"]) if (/^[-0-9]|\(/.test(p[k] ?? "")) [b.over, b.reach] = [detail, overParent];
  for (const k of ["grid-auto-rows", "grid-template-rows", "grid-auto-columns", "grid-template-columns", "grid-template", "grid"]) {
    for (const f of values(p[k] ?? "")) {
      const [n, unit] = number(f);
      if ((unit !== "?" && n < 12 && !(unit === "fr" && n >= 0.5) && !/^(%|r?em)$/.test(unit)) || /calc\(|var\(/.test(f)) b.doubt = "words that may be covered";
    }
  }
  b.pulled ||= p.float === "left" || p.float === "right";
  if (`${p["flex-direction"]}${p["flex-wrap"]}`.includes("reverse")) b.doubt = detail;
}
