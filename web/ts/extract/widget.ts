// Reads what is in an element, as its kind asks. Mirrors internal/extract/widget.go.
import type { Props, Styled } from "./cascade.ts";
import { doubt, leave, lineEnd, end, nextLine } from "./lines.ts";
import { apply, doubtful, unseen, type Look } from "./look.ts";
import { children, covered, hasWords, leaveOut, text, typeOf, type PageReader } from "./page.ts";
import { overParent } from "./place.ts";
import { attr, has, nameOf } from "./tree.ts";
import { belowZero, hasLetters, hasText, set } from "./words.ts";

// fallbacks are elements that show something else than the text in them.
const fallbacks = set("iframe object video audio canvas embed applet progress meter");

type Frame = PageReader["frames"][0];

export function inside(p: PageReader, n: Element, l: Look): void {
  const me = p.frames.at(-1) as Frame;
  const tag = nameOf(n);
  if (tag === "br") return lineEnd(p.out);
  if (tag === "object" || tag === "applet") {
    leave(p.out, "pictures-not-read");
    me.filled = true;
    me.doubt = "words in place of something else";
    return children(p, n, l);
  }
  if (tag === "img" || tag === "image" || fallbacks.has(tag)) {
    leave(p.out, "pictures-not-read");
    me.filled = true;
    if (tag === "img" || tag === "image") name(p, attr(n, "alt"));
    if (tag !== "img" && tag !== "image" && n.firstChild) leaveOut(p, n);
    return;
  }
  switch (tag) {
    case "q":
      text(p, "\u201c", l);
      children(p, n, l);
      return text(p, "\u201d", l);
    case "input":
      me.filled = true;
      return input(p, n, l);
    case "select":
      me.filled = true;
      return choice(p, n, l);
    case "ul":
    case "ol":
    case "menu":
    case "dir":
      p.lists++;
      children(p, n, l);
      p.lists--;
      return;
    case "svg":
      me.filled = true;
      me.doubt ||= "words in a drawing";
      break;
    case "math":
      me.doubt ||= "words in a formula";
      break;
    case "marquee":
      me.doubt ||= "words that move";
      break;
    case "textarea":
    case "button":
    case "hr":
      me.filled = true;
      break;
    case "table":
      if (footFirst(n)) me.doubt ||= reordered;
      break;
    case "fieldset":
      if (late(n, "legend")) me.doubt ||= reordered;
      break;
    case "text":
      if (!n.namespaceURI?.endsWith("svg")) break;
      end(p.out, nextLine);
      me.doubt = "words in a drawing";
      break;
    case "rt":
      me.doubt = "words above others";
      break;
    case "details":
      if (late(n, "summary")) me.doubt ||= reordered;
      else details(p, n);
  }
  children(p, n, l);
}

const reordered = "the order of the parts is changed";

// spoken is the doubt about words beside a picture that browsers may write out.
export const spoken = "a picture among the words has a name that may be shown";

// name doubts what stands on one line with a picture that has a name in letters: where
// the picture is missing, browsers show the name.
function name(p: PageReader, alt: string): void {
  if (!hasLetters(alt)) return;
  const { at, buf, owed } = p.out;
  p.named = true;
  p.spoken = at;
  if (owed > 0 || at === 0) return;
  let from = Math.max(buf.lastIndexOf(10, at - 1) + 1, at - 40);
  while (from < at && ((buf[from] as number) & 0xc0) === 0x80) from++;
  doubt(p.out, from, spoken);
}

// footFirst tells a table whose foot, which is shown last, stands before other rows, or
// whose head, which is shown first, behind some.
function footFirst(n: Element): boolean {
  const rows = Array.from(n.children, nameOf).filter((t) => /^(tfoot|thead|tbody|tr)$/.test(t)).join(" ");
  return /tfoot.* t(body|r)\b|t(body|r)\b.* thead/.test(rows);
}

// late tells an element whose title, which is shown first, stands behind other parts.
function late(n: Element, title: string): boolean {
  let before = false;
  for (let c = n.firstChild; c; c = c.nextSibling) {
    if (c.nodeType === 1 && nameOf(c as Element) === title) return before;
    before ||= c.nodeType === 3 ? hasText((c as Text).data) : c.nodeType === 1 && hasWords(c);
  }
  return false;
}

// details counts the words that stand bare in a closed fold: the elements in it are
// counted one by one.
function details(p: PageReader, n: Element): void {
  if (has(n, "open")) return;
  for (let c = n.firstChild; c; c = c.nextSibling) {
    if (c.nodeType !== 3 || !hasText((c as Text).data)) continue;
    leave(p.out, "hidden-left-out");
    (c as Text).data = "";
  }
}

const unworded = set("hidden password checkbox radio range color file image");

// input shows its value, or what it says where the value is missing.
function input(p: PageReader, n: Element, l: Look): void {
  const type = typeOf(n);
  if (unworded.has(type)) return;
  const v = attr(n, "value");
  if (!v) return text(p, attr(n, "placeholder"), l);
  const size = /^(number|date|time|month|week|datetime-local)$/.test(type) ? 0 : /^[+-]?\d+$/.test(attr(n, "size")) && Number(attr(n, "size")) > 0 ? Number(attr(n, "size")) : 20;
  if (!/^(submit|button|reset)$/.test(type) && new TextEncoder().encode(v).length > size) (p.frames.at(-1) as Frame).doubt = "words that may be cut off";
  text(p, v, l);
}

// choice shows the option that is chosen when the page is opened.
function choice(p: PageReader, n: Element, l: Look): void {
  const size = attr(n, "size");
  if (has(n, "multiple") || (size !== "" && size !== "1")) {
    children(p, n, l);
    (p.frames.at(-1) as Frame).doubt = "a list of which a part is shown";
    return;
  }
  const options = [...n.querySelectorAll("option")];
  const chosen = options.findLast((o) => has(o, "selected")) ?? options.find((o) => !has(o, "disabled"));
  if (!chosen) return;
  leave(p.out, "hidden-left-out", options.length - 1);
  const label = attr(chosen, "label");
  if (label) return text(p, label, l);
  for (let c = chosen.firstChild; c; c = c.nextSibling) if (c.nodeType === 3) text(p, (c as Text).data, l);
}

const own = "the style shows words of its own";

// generated doubts an element that shows words which stand in the style.
export function generated(p: PageReader, n: Element, st: Styled, l: Look): void {
  let why = st.cases.some((c) => hasLetters(quoted(c["list-style-type"])) || hasLetters(quoted(c.quotes))) ? own : "";
  const parts: Record<string, Props> = {};
  for (const { pseudo, name, value } of st.pseudo) {
    (parts[pseudo] ??= {})[name] = value;
    if (name === "content" && showsWords(nameOf(n), pseudo, value)) why = own;
  }
  for (const pseudo of Object.keys(parts).sort()) {
    const [look, place] = apply(l, parts[pseudo] as Props, p.sh);
    const image = parts[pseudo]?.["background-image"];
    if (image && image !== "none") leave(p.out, "pictures-not-read");
    if (pseudo === "before" || pseudo === "after") {
      if (!place.painted) continue;
      why ||= place.over;
      const around = p.frames.slice(0, -1).findLast((o) => o.block) ?? (p.frames[0] as Frame);
      if (place.over && leaves(parts[pseudo] as Props)) around.doubt ||= place.over;
    } else if (pseudo !== "marker" && (unseen(look) || (doubtful(look) && doubtful(look) !== doubtful(l)) || place.gone)) why ||= "words that the style hides";
  }
  if (!why) return;
  // An element without words shows them among those of its parent.
  const me = p.frames.at(-1) as Frame;
  const about = p.out.at === me.from ? covered(p, overParent) : me;
  about.doubt ||= why;
}

// leaves tells a box that may stand outside the element that it is generated in.
const leaves = (c: Props) =>
  ["top", "right", "bottom", "left", "margin-top", "margin-right", "margin-bottom", "margin-left"].some((k) => belowZero(c[k] ?? "") || c[k]?.includes("var("));

// showsWords tells whether generated content has words. Numbers of items and headings are
// markers, which are not written out.
const showsWords = (tag: string, pseudo: string, v: string) =>
  /attr\(|var\(|url\(/.test(v) || (v.includes("counter") && (pseudo === "after" || !/^(li|dt|h.)$/.test(tag))) || hasLetters(quoted(v)) || tells.test(quoted(v));

// tells is a sign that changes what the words beside it say.
const tells = /(?![\ufe0e\ufe0f])[\p{N}\p{M}\p{Sc}%‰?¬≠]/u;

// quoted is what stands in the strings of a value.
const quoted = (v = "") => v.split('"').filter((_, i) => i % 2 === 1).join("");
