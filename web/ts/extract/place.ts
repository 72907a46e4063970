// What of an element's style concerns its place. Mirrors internal/extract/place.go.
import type { Props } from "./cascade.ts";
import { normalSize, number, parseColor, pixels, reset } from "./cssvalue.ts";
import { untold, type Look } from "./look.ts";

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
  clipped: number;
  edge: boolean; // a bar at the top or foot of the window
  pulled: boolean; // moved along the line, which matters between words
  position: boolean; // what is placed inside counts from it
  painted: boolean; // it covers what is behind it, words or none
}

export const newBox = (display = ""): Box => ({ gone: false, display, doubt: "", over: "", reach: 0, clipped: 0, edge: false, pulled: false, position: false, painted: false });

const cutOff = "words that may be cut off";
const moved = "words that are moved";

const set = (v: string | undefined): v is string => v !== undefined && !reset(v);

// placeBox tells whether an element shows nothing, is cut off, or stands elsewhere.
export function placeBox(b: Box, p: Props, l: Look): void {
  if (p.display === "none" || p["content-visibility"] === "hidden" || l.opacity < 0.05) b.gone = true;
  if (p.display?.includes("(")) b.doubt = untold;
  if (set(p.content) && p.content !== "normal" && p.content !== "none") b.doubt = "a picture stands in place of the words";
  clip(b, p);
  if (p["text-indent"]) {
    const n = pixels(p["text-indent"], l.size);
    if (n === undefined || n < -50 || n > 2000) b.doubt = "words that may stand outside the page";
  }
  if (p.all) b.doubt = untold;
  const clamp = p["-webkit-line-clamp"];
  if (set(clamp) && clamp !== "none") b.doubt = cutOff;
  transform(b, p);
  overflow(b, p, l);
  place(b, p);
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

// overflow reads whether what does not fit is cut off.
function overflow(b: Box, p: Props, l: Look): void {
  if (!/hidden|clip/.test(`${p.overflow} ${p["overflow-x"]} ${p["overflow-y"]}`)) return;
  for (const k of ["height", "max-height", "width", "max-width"]) {
    const v = p[k];
    const n = v === undefined ? undefined : pixels(v, l.size);
    if (v === undefined || n === undefined) continue;
    if (n <= 1) {
      b.gone = true;
      return;
    }
    if (k.endsWith("width")) {
      if (n < 3 * l.size) b.doubt = cutOff;
    } else if (!/(%|vh)$/.test(number(v)[1])) b.clipped = n / Math.max(l.size, 1);
  }
}

// place reads where an element stands.
function place(b: Box, p: Props): void {
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
        const full = (hasTop && hasBottom) || p.height?.startsWith("100");
        b.edge = !full && ((hasTop && top <= 0) || (hasBottom && bottom <= 0));
      }
      break;
    case "relative":
    case "sticky":
    case "-webkit-sticky":
      b.position = true;
      if (p.position === "relative" && [top, left, right, bottom].some((n) => n > 2 || n < -2)) [b.over, b.reach] = [moved, overParent];
  }
  margins(b, p);
  flow(b, p);
  const image = p["background-image"];
  b.painted = (image !== undefined && image !== "none") || paints(p["background-color"]);
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
  if (unit === "" && n !== 0) [b.over, b.reach] = [detail, overParent];
  for (const k of ["grid-row", "grid-column", "grid-row-start", "grid-column-start", "grid-area"]) if (/^[0-9]/.test(p[k] ?? "")) [b.over, b.reach] = [detail, overParent];
  b.pulled ||= p.float === "left" || p.float === "right";
  if (`${p["flex-direction"]}${p["flex-wrap"]}`.includes("reverse")) b.doubt = detail;
}
