// Selectors, and which elements they are about. Mirrors internal/extract/selector.go and
// selectormatch.go.
import type { Sheet } from "./css.ts";
import { splitTokens, type CSSToken } from "./csslex.ts";
import { attribute, nextElement, nameOf, previousElement } from "./tree.ts";
import { equalFold, fields, lower, set } from "./words.ts";

// maxMatching bounds how many compounds are compared for one page.
export const maxMatching = 6_000_000;

// Whether a selector matches.
export const no = 0;
export const perhaps = 1;
export const yes = 2;

interface AttrTest { name: string; value: string; op: string }

// Compound is what a selector asks of one element.
interface Compound {
  before: string; // how it stands to the compound before it: " ", ">", "+", "~"
  tag: string;
  id: string;
  classes: string[];
  attrs: AttrTest[];
  not: Compound[];
  any: Compound[][];
  child: string[]; // structural pseudo-classes that are known
  maybe: boolean; // asks what is not known
  never: boolean; // asks for what is not so when a page is opened
}

// Selector is compounds from left to right, what it weighs, and the pseudo-element that
// it is about.
export interface Selector {
  parts: Compound[];
  weight: number;
  pseudo: string;
  odd: boolean; // asks what some browsers may not know
  untold: boolean; // styles what is shown and is no element
}

const newCompound = (before = ""): Compound => ({ before, tag: "", id: "", classes: [], attrs: [], not: [], any: [], child: [], maybe: false, never: false });
const newSelector = (): Selector => ({ parts: [], weight: 0, pseudo: "", odd: false, untold: false });

const idWeight = 1 << 16;
const classWeight = 1 << 8;

// selectorKey is what an element has to have so that the selector can match it.
export function selectorKey(s: Selector): string {
  const last = s.parts[s.parts.length - 1] as Compound;
  return last.id ? "#" + lower(last.id) : last.classes[0] ? "." + lower(last.classes[0]) : last.tag || "*";
}

const generated = set("before after marker first-letter first-line");
// partly are pseudo-elements that show what is in an element, or words of their own.
const partly = set("details-content scroll-marker scroll-marker-group checkmark picker-icon");
const idle = set("hover active focus focus-visible focus-within visited target fullscreen modal popover-open playing");
const structural = set("root first-child last-child only-child link any-link empty scope");

// parseSelector reads one selector; it is not ok when it can match nothing, or styles
// nothing that is read.
export function parseSelector(ts: CSSToken[]): [s: Selector, ok: boolean] {
  const s = newSelector();
  let c = newCompound(" ");
  let started = false;
  let comb = "";
  for (let i = 0; i < ts.length; ) {
    const { kind } = ts[i] as CSSToken;
    if (" >+~".includes(kind)) {
      if (kind !== " " || comb === "") comb = kind;
      i++;
      continue;
    }
    if (comb !== "" && started) {
      s.odd ||= c.maybe;
      s.parts.push(c);
      c = newCompound(comb);
    }
    comb = "";
    started = true;
    const n = simple(s, c, ts.slice(i));
    if (n === 0) return [s, false];
    i += n;
  }
  s.parts.push(c);
  s.odd ||= c.maybe;
  return [s, started && !c.never];
}

// simple reads one simple selector, and returns how many tokens it took: 0 when it is
// none.
function simple(s: Selector, c: Compound, ts: CSSToken[]): number {
  const { kind, text } = ts[0] as CSSToken;
  switch (kind) {
    case "i":
      c.tag = lower(text);
      s.weight++;
      return 1;
    case "*":
      return 1;
    case "|":
      c.maybe = true; // of which language the elements are
      return 1;
    case "#":
      c.id = text;
      s.weight += idWeight;
      return 1;
    case ".":
      if (ts[1]?.kind !== "i") return 0;
      c.classes.push(ts[1].text);
      s.weight += classWeight;
      return 2;
    case "[":
      s.weight += classWeight;
      return attributeTest(c, ts);
    case ":":
      return colon(s, c, ts);
    case "&":
      c.maybe = true;
      return 1;
  }
  return 0;
}

function attributeTest(c: Compound, ts: CSSToken[]): number {
  const a = { name: "", value: "", op: "" };
  for (let i = 1; i < ts.length; i++) {
    const { kind, text } = ts[i] as CSSToken;
    if (kind === "]") {
      c.attrs.push(a);
      return a.name ? i + 1 : 0;
    }
    if ("isn".includes(kind)) {
      if (a.name === "") a.name = lower(text);
      else if (a.op && a.value === "") a.value = text;
    } else if (kind === "=") a.op ||= "=";
    else if ("~|^$*".includes(kind)) a.op = kind;
  }
  return 0;
}

// colon reads a pseudo-class or pseudo-element.
function colon(s: Selector, c: Compound, ts: CSSToken[]): number {
  const i = ts[1]?.kind === ":" ? 2 : 1;
  const t = ts[i];
  if (!t) return 0;
  const name = lower(t.text);
  if (t.kind === "f") return pseudoFunction(s, c, name, ts, i);
  if (t.kind !== "i") return 0;
  if (generated.has(name)) {
    s.pseudo = name;
    s.weight++;
    return i + 1;
  }
  if (i === 2 && partly.has(name)) {
    s.untold = true;
    return i + 1;
  }
  if (i === 2) return 0; // ::selection and the like style nothing that is read
  if (idle.has(name)) c.never = true;
  else if (structural.has(name)) c.child.push(name);
  else c.maybe = true;
  s.weight += classWeight;
  return i + 1;
}

// pseudoFunction reads :not(…), :is(…) and :where(…) of plain compounds; others are what
// nobody knows.
function pseudoFunction(s: Selector, c: Compound, name: string, ts: CSSToken[], i: number): number {
  let depth = 1;
  let end = i + 1;
  for (; end < ts.length && depth > 0; end++) {
    const { kind } = ts[end] as CSSToken;
    if (kind === "(" || kind === "f") depth++;
    else if (kind === ")") depth--;
  }
  if (depth > 0) return 0;
  if (name !== "not" && name !== "is" && name !== "where") {
    c.maybe = true;
    s.weight += classWeight;
    return end;
  }
  const inner: Compound[] = [];
  let heaviest = 0;
  for (const part of splitTokens(ts.slice(i + 1, end - 1), ",")) {
    const one = newSelector();
    const sub = plain(one, part);
    if (!sub) c.maybe = true;
    inner.push(sub ?? { ...newCompound(), maybe: true });
    heaviest = Math.max(heaviest, one.weight);
  }
  if (name === "not") c.not.push(...inner);
  else c.any.push(inner);
  if (name !== "where") s.weight += heaviest;
  return end;
}

// plain reads the argument of a function; one of several compounds is not known.
function plain(s: Selector, ts: CSSToken[]): Compound | undefined {
  const c = newCompound();
  let from = 0;
  let to = ts.length;
  while (from < to && ts[from]?.kind === " ") from++;
  while (from < to && ts[to - 1]?.kind === " ") to--;
  ts = ts.slice(from, to);
  for (let i = 0; i < ts.length; ) {
    const n = simple(s, c, ts.slice(i));
    if (n === 0 || c.not.length + c.any.length > 0) return undefined;
    i += n;
  }
  return c;
}

// matches tells whether the selector is about the element.
export function matches(sh: Sheet, s: Selector, n: Element): number {
  const end = s.parts.length - 1;
  const m = compare(sh, s.parts[end] as Compound, n);
  return m === no || end === 0 ? m : Math.min(m, around(sh, s.parts, end, n));
}

// around looks for elements before part i, which matches n already.
function around(sh: Sheet, parts: Compound[], i: number, n: Element): number {
  if (i === 0) return yes;
  let best = no;
  const before = (parts[i] as Compound).before;
  for (let o = step(sh, before, n); o; o = step(sh, before, o)) {
    const m = compare(sh, parts[i - 1] as Compound, o);
    if (m !== no) best = Math.max(best, Math.min(m, around(sh, parts, i - 1, o)));
    if (best === yes || before === ">" || before === "+" || sh.work > maxMatching) break;
  }
  return best;
}

// step is the element that a combinator leads to.
const step = (sh: Sheet, combinator: string, n: Element): Element | null => (combinator === " " || combinator === ">" ? n.parentElement : previousElement(sh, n));

// compare tells whether one element is what a compound asks for. Where browsers do not
// agree about the case of letters, or the sheet asks what is not known, the answer is
// perhaps.
function compare(sh: Sheet, c: Compound, n: Element): number {
  if (++sh.work > maxMatching) {
    sh.complex = true;
    return no;
  }
  if (c.never || (c.tag && !equalFold(c.tag, nameOf(n)))) return no;
  let m = c.maybe ? perhaps : yes;
  if (c.id) m = Math.min(m, alike(attribute(n, "id") ?? "", c.id));
  for (const name of c.classes) {
    if (m === no) return no;
    m = Math.min(m, hasClass(sh, attribute(n, "class") ?? "", name));
  }
  for (const a of c.attrs) {
    const v = attribute(n, a.name);
    sh.work += 1 + Math.floor((v ?? "").length / 32);
    m = Math.min(m, testAttr(a, v));
  }
  for (const name of c.child) m = Math.min(m, placed(sh, name, n) ? yes : no);
  for (const x of c.not) m = Math.min(m, yes - compare(sh, x, n));
  for (const list of c.any) {
    let best = no;
    for (const x of list) best = Math.max(best, compare(sh, x, n));
    m = Math.min(m, best);
  }
  return m;
}

// alike compares names that some pages write in any case.
const alike = (a: string, b: string) => (a === b ? yes : equalFold(a, b) ? perhaps : no);

function hasClass(sh: Sheet, list: string, name: string): number {
  sh.work += Math.floor(list.length / 32);
  let best = no;
  for (const f of fields(list)) {
    best = Math.max(best, alike(f, name));
    if (best === yes) break;
  }
  return best;
}

function testAttr(a: AttrTest, v: string | undefined): number {
  if (v === undefined) return no;
  if (a.op === "" || holds(a.op, v, a.value)) return yes;
  return holds(a.op, lower(v), lower(a.value)) ? perhaps : no;
}

function holds(op: string, v: string, want: string): boolean {
  switch (op) {
    case "~": return fields(v).includes(want);
    case "|": return v === want || v.startsWith(want + "-");
    case "^": return want !== "" && v.startsWith(want);
    case "$": return want !== "" && v.endsWith(want);
    case "*": return want !== "" && v.includes(want);
  }
  return v === want;
}

// placed answers a structural pseudo-class.
function placed(sh: Sheet, name: string, n: Element): boolean {
  switch (name) {
    case "first-child": return !previousElement(sh, n);
    case "last-child": return !nextElement(sh, n);
    case "only-child": return !previousElement(sh, n) && !nextElement(sh, n);
    case "empty": return !n.firstChild;
    case "link":
    case "any-link": return attribute(n, "href") !== undefined;
  }
  return n === n.ownerDocument.documentElement; // root, scope
}
