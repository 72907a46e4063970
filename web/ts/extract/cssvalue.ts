// Values of style sheets: lengths and colours. Mirrors internal/extract/cssvalue.go,
// cssvalid.go and length.go.
import { set, fields } from "./words.ts";

export const normalSize = 16;
export const percent = 12; // the hundredth part of a window's side
export const black = 0;
export const white = 0xffffff;

// table reads "name=number" pairs.
const table = (s: string, base = 10) => new Map(s.split(" ").map((p) => p.split("=")).map(([k, v]) => [k as string, base === 16 ? parseInt(v as string, 16) : Number(v)]));

// fontWords are sizes by name; those that depend on what is around are 0.
export const fontWords = table("xx-small=9 x-small=10 small=13 medium=16 large=18 x-large=24 xx-large=32 xxx-large=48 smaller=0 larger=0");

const units = new Map([["px", 1], ["pt", 4 / 3], ["pc", 16], ["in", 96], ["cm", 96 / 2.54], ["mm", 96 / 25.4], ["q", 96 / 101.6]]);
const ofEm = set("em ic lh");
const ofRoot = set("rem rlh");
const ofWindow = set("% vw vh vmin vmax dvh svh lvh dvw svw lvw vi vb");

// reset tells a value that takes a property back to what it was without the sheet.
export const reset = (v: string) => /^(inherit|initial|unset|revert|revert-layer)$/.test(v);

// number reads a number and the unit behind it; the unit is "?" when it is none.
export function number(v: string): [n: number, unit: string] {
  let end = v.length;
  while (end > 0 && !/[0-9.]/.test(v[end - 1] as string)) end--;
  const s = v.slice(0, end);
  const n = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(s) ? Number(s) : NaN;
  return Number.isFinite(n) ? [n, v.slice(end)] : [0, "?"];
}

// pixels reads a length in pixels, with what is relative taken for what it is on a
// common screen; undefined when it is none.
export function pixels(v: string, em: number): number | undefined {
  const [n, unit] = number(v);
  if (unit === "") return n; // old pages leave out the unit; valid has others not
  if (ofEm.has(unit)) return n * em;
  if (ofRoot.has(unit)) return n * normalSize;
  if (unit === "ex" || unit === "ch") return (n * em) / 2;
  if (ofWindow.has(unit)) return n * percent;
  const u = units.get(unit);
  return u === undefined ? undefined : n * u;
}

const colorNames = table(
  "black=0 white=ffffff red=ff0000 green=8000 blue=ff yellow=ffff00 gray=808080 grey=808080 silver=c0c0c0 maroon=800000 olive=808000 lime=ff00 " +
    "aqua=ffff cyan=ffff teal=8080 navy=80 fuchsia=ff00ff magenta=ff00ff purple=800080 orange=ffa500 whitesmoke=f5f5f5 snow=fffafa ivory=fffff0 " +
    "ghostwhite=f8f8ff floralwhite=fffaf0 seashell=fff5ee mintcream=f5fffa azure=f0ffff aliceblue=f0f8ff honeydew=f0fff0 linen=faf0e6 oldlace=fdf5e6 " +
    "lightgray=d3d3d3 lightgrey=d3d3d3 gainsboro=dcdcdc darkgray=a9a9a9 darkgrey=a9a9a9 dimgray=696969 dimgrey=696969 lightyellow=ffffe0 beige=f5f5dc " +
    "lavender=e6e6fa lavenderblush=fff0f5 cornsilk=fff8dc darkblue=8b darkgreen=6400 darkred=8b0000 brown=a52a2a pink=ffc0cb gold=ffd700 crimson=dc143c " +
    "indigo=4b0082 steelblue=4682b4 royalblue=4169e1 midnightblue=191970 slategray=708090 darkslategray=2f4f4f tomato=ff6347 lightblue=add8e6 " +
    "lightgreen=90ee90 canvas=ffffff canvastext=0",
  16,
);

const clamp = (n: number, most: number) => Math.min(Math.max(n, 0), most);

// parseColor reads a colour and its opacity; undefined when it is none that is known.
export function parseColor(v: string): [rgb: number, alpha: number] | undefined {
  if (v === "transparent") return [black, 0];
  const named = colorNames.get(v);
  if (named !== undefined) return [named, 1];
  if (v.startsWith("#")) return parseHex(v.slice(1));
  const open = v.indexOf("(");
  if (open < 0 || !v.endsWith(")")) return undefined;
  const f = v.slice(open + 1, -1).match(/[^, /]+/g) ?? [];
  if (f.length !== 3 && f.length !== 4) return undefined;
  let alpha = 1;
  if (f[3] !== undefined) {
    const [n, unit] = number(f[3]);
    alpha = clamp(unit === "%" ? n / 100 : n, 1);
  }
  const name = v.slice(0, open);
  if (name === "hsl" || name === "hsla") return [hsl(f), alpha];
  if (name !== "rgb" && name !== "rgba") return undefined;
  let rgb = 0;
  for (const part of f.slice(0, 3)) {
    let [n, unit] = number(part);
    if (unit === "%") n *= 2.55;
    else if (unit !== "") return undefined;
    rgb = (rgb << 8) | Math.floor(clamp(n, 255) + 0.5);
  }
  return [rgb, alpha];
}

function parseHex(hex: string): [number, number] | undefined {
  if (!/^([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(hex)) return undefined;
  const long = hex.length < 6 ? hex.replace(/./g, "$&$&") : hex;
  return [parseInt(long.slice(0, 6), 16), long.length === 8 ? parseInt(long.slice(6), 16) / 255 : 1];
}

// hsl turns hue, saturation and lightness into a colour.
function hsl(f: string[]): number {
  const [h, s, l] = f.map((x) => number(x)[0]) as [number, number, number];
  const [sat, light] = [clamp(s / 100, 1), clamp(l / 100, 1)];
  const a = sat * Math.min(light, 1 - light);
  const part = (n: number) => {
    let k = n + h / 30;
    k -= 12 * Math.trunc(k / 12);
    if (k < 0) k += 12;
    return Math.floor(255 * (light - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))) + 0.5);
  };
  return (part(0) << 16) | (part(8) << 8) | part(4);
}

// keywords are the words that some properties take. A browser leaves out a declaration
// whose value it does not know, and the one before it counts: a value that is not known
// here may count or not.
const scroll = "visible hidden clip scroll auto";
const keywords: Record<string, Set<string>> = Object.fromEntries(Object.entries({
  display: "none block inline inline-block flex inline-flex grid inline-grid table inline-table table-row table-cell table-row-group " +
    "table-header-group table-footer-group table-column table-column-group table-caption list-item contents flow-root -webkit-box",
  visibility: "visible hidden collapse", position: "static relative absolute fixed sticky",
  overflow: scroll, "overflow-x": scroll, "overflow-y": scroll, "content-visibility": "visible hidden auto", direction: "ltr rtl",
  "unicode-bidi": "normal embed isolate bidi-override isolate-override plaintext", "text-transform": "none capitalize uppercase lowercase full-width",
  float: "none left right", "white-space": "normal pre nowrap pre-wrap pre-line break-spaces",
}).map(([k, v]) => [k, set(v)]));

// measured are properties that take a length, or one of the words beside it.
const contents = "min-content max-content fit-content";
const measured: Record<string, Set<string>> = { "font-size": new Set(fontWords.keys()), "text-indent": new Set() };
for (const [names, words] of [
  ["line-height letter-spacing word-spacing", "normal"], ["top left right bottom margin-top margin-right margin-bottom margin-left", "auto"],
  ["width height", "auto " + contents], ["max-width max-height", "none " + contents],
] as const) for (const n of names.split(" ")) measured[n] = set(words);

// positive are the properties that take no length below zero.
const positive = set("font-size line-height width height max-width max-height");

// valid tells a value that every browser knows. Of properties that are not listed any
// value is as good: it puts the words in doubt, or hides nothing.
export function valid(name: string, v: string): boolean {
  if (reset(v)) return true;
  const words = keywords[name];
  if (words) return fields(v).every((f) => words.has(f)) && (name === "overflow" || !v.includes(" "));
  const lengths = measured[name];
  if (lengths) {
    const [n, unit] = number(v);
    const known = (pixels(v, normalSize) !== undefined && (unit !== "" || n === 0)) || (unit === "" && name === "line-height");
    return lengths.has(v) || (known && (n >= 0 || !positive.has(name)));
  }
  switch (name) {
    case "color":
    case "background-color":
    case "-webkit-text-fill-color":
      return v === "currentcolor" || parseColor(v) !== undefined;
    case "opacity":
    case "order": {
      const [, unit] = number(v);
      return unit === "" || (unit === "%" && name === "opacity");
    }
    case "clip":
      return v === "auto" || v.startsWith("rect(");
    case "clip-path":
      return v === "none" || v.endsWith(")");
  }
  return true;
}
