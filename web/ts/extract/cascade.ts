// Which declarations an element has, by importance, weight and order. Mirrors
// internal/extract/cascade.go.
import { declarations, type Decl, type Sheet } from "./css.ts";
import { parseColor, valid } from "./cssvalue.ts";
import { matches, maxMatching, no, perhaps } from "./selector.ts";
import { attr, has, nameOf } from "./tree.ts";
import { fields, lower, trim } from "./words.ts";

// maxMaybes bounds how many declarations that may or may not apply are tried out on one
// element.
const maxMaybes = 12;

// The weights of what is no rule of a sheet: an attribute such as bgcolor yields to every
// rule, a style attribute to none but an important one.
const hintWeight = -1;
const inlineWeight = 2 ** 30;

export type Props = Record<string, string | undefined>;

// Ranked is a declaration with all that decides which of two wins.
interface Ranked extends Decl { weight: number; order: number; maybe: boolean }

const compare = (a: Ranked, b: Ranked) => Number(a.important) - Number(b.important) || a.weight - b.weight || a.order - b.order;

// Styled is what the style of an element may be: one or several sets of values, and what
// pseudo-elements show, by their names.
export interface Styled {
  cases: Props[]; // the first is the one without any maybe
  pseudo: { pseudo: string; name: string; value: string }[];
  more: boolean; // there are more cases than are tried out
}

// style works out what a page's sheets and attributes say of an element.
export function style(sh: Sheet, n: Element): Styled {
  const all: Ranked[] = [];
  const pseudo: Styled["pseudo"] = [];
  for (const i of candidates(sh, n)) {
    const r = sh.rules[i] as Sheet["rules"][0];
    const m = matches(sh, r.sel, n);
    if (m === no) continue;
    for (const d of r.decls) {
      if (r.sel.pseudo) pseudo.push({ pseudo: r.sel.pseudo, name: d.name, value: d.value });
      else all.push({ ...d, weight: r.sel.weight, order: i, maybe: r.maybe || m === perhaps || d.some || !valid(d.name, d.value) });
    }
  }
  hints(sh, n, (name, value, maybe = false) => all.push({ name, value, important: false, some: false, weight: hintWeight, order: 0, maybe }));
  const inline = attr(n, "style");
  if (inline) for (const d of declarations(sh, { s: inline, i: 0 })) all.push({ ...d, weight: inlineWeight, order: 0, maybe: d.some || !valid(d.name, d.value) });
  return { ...cases(all), pseudo };
}

// candidates are the rules whose last compound the element may answer.
function candidates(sh: Sheet, n: Element): number[] {
  if (sh.rules.length === 0) return [];
  const out: number[] = [];
  const add = (key: string) => {
    const found = sh.index.get(key) ?? [];
    for (const i of found) out.push(i);
    return found.length;
  };
  add("*");
  add(lower(nameOf(n)));
  const id = attr(n, "id");
  if (id) add("#" + lower(id));
  sh.work += out.length;
  const seen = new Set<string>();
  for (const c of fields(lower(attr(n, "class")))) {
    if (++sh.work > maxMatching) break;
    if (!seen.has(c)) {
      seen.add(c);
      sh.work += add("." + c);
    }
  }
  if (sh.work > maxMatching) {
    sh.complex = true;
    return [];
  }
  return out;
}

// cases are the sets of values that the declarations may come to: all that is certain,
// each maybe on its own, and all maybes together.
function cases(all: Ranked[]): { cases: Props[]; more: boolean } {
  all.sort(compare);
  const sure: Props = {};
  const every: Props = {};
  const at: Record<string, Ranked> = {};
  for (const r of all) {
    every[r.name] = r.value;
    if (!r.maybe) {
      sure[r.name] = r.value;
      at[r.name] = r;
    }
  }
  const out = [sure];
  let more = false;
  for (const r of all) {
    const won = at[r.name];
    if (!r.maybe || (sure[r.name] ?? "") === r.value || (won && compare(r, won) < 0)) continue;
    if (out.length > maxMaybes) {
      more = true;
      break;
    }
    out.push({ ...sure, [r.name]: r.value });
  }
  if (out.length > 1) out.push(every);
  return { cases: out, more };
}

// hints are what attributes of the page's own language say of colour and size.
function hints(sh: Sheet, n: Element, add: (name: string, value: string, maybe?: boolean) => void): void {
  const tag = nameOf(n);
  for (const a of n.attributes) {
    const v = lower(trim(a.value));
    const key = a.localName;
    if (key === "hidden") add("display", "none");
    else if (key === "bgcolor") add("background-color", legacyColor(v));
    else if (key === "background") add("background-image", "unknown");
    else if ((key === "color" && tag === "font") || (key === "text" && tag === "body")) add("color", legacyColor(v));
    else if (key === "dir" && (v === "rtl" || v === "ltr")) add("direction", v);
  }
  switch (tag) {
    case "bdo":
      return add("unicode-bidi", "bidi-override");
    case "mark":
      add("background-color", "#ffff00");
      return add("color", "#000000");
    case "del":
    case "s":
    case "strike":
      return add("text-decoration-line", "line-through");
    case "small":
    case "sub":
    case "sup":
      return add("font-size", "smaller");
    case "a":
      if (!has(n, "href")) return;
      add("color", sh.link || "#0000ee");
      if (sh.visited) add("color", sh.visited, true);
  }
}

// legacyColor adds the sign that attributes may lack.
export const legacyColor = (v: string) => (v.length === 6 && parseColor("#" + v) ? "#" + v : v);
