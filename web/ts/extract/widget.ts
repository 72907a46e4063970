// Reads what is in an element, as its kind asks. Mirrors internal/extract/widget.go.
import type { Props, Styled } from "./cascade.ts";
import { leave, lineEnd, end, nextLine } from "./lines.ts";
import { apply, doubtful, unseen, type Look } from "./look.ts";
import { children, covered, leaveOut, text, typeOf, type PageReader } from "./page.ts";
import { overParent } from "./place.ts";
import { attr, has, nameOf } from "./tree.ts";
import { hasLetters, hasText, set } from "./words.ts";

// fallbacks are elements that show something else than the text in them.
const fallbacks = set("iframe object video audio canvas embed applet progress meter");

type Frame = PageReader["frames"][0];

export function inside(p: PageReader, n: Element, l: Look): void {
  const me = p.frames.at(-1) as Frame;
  const tag = nameOf(n);
  if (tag === "br") return lineEnd(p.out);
  if (tag === "img" || tag === "image" || fallbacks.has(tag)) {
    leave(p.out, "pictures-not-read");
    me.filled = true;
    if (tag !== "img" && tag !== "image" && n.firstChild) leaveOut(p, n);
    return;
  }
  switch (tag) {
    case "q":
      text(p, "\u201c", l);
      children(p, n, l);
      return text(p, "\u201d", l);
    case "input":
      return input(p, n, l);
    case "select":
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
      details(p, n);
  }
  children(p, n, l);
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
  if (!unworded.has(typeOf(n))) text(p, attr(n, "value") || attr(n, "placeholder"), l);
}

// choice shows the option that is chosen when the page is opened.
function choice(p: PageReader, n: Element, l: Look): void {
  const options = [...n.querySelectorAll("option")];
  const chosen = options.findLast((o) => has(o, "selected")) ?? options[0];
  if (!chosen) return;
  leave(p.out, "hidden-left-out", options.length - 1);
  for (let c = chosen.firstChild; c; c = c.nextSibling) if (c.nodeType === 3) text(p, (c as Text).data, l);
}

const own = "the style shows words of its own";

// generated doubts an element that shows words which stand in the style.
export function generated(p: PageReader, n: Element, st: Styled, l: Look): void {
  const sure = st.cases[0] as Props;
  let why = hasLetters(quoted(sure["list-style-type"])) ? own : "";
  const parts: Record<string, Props> = {};
  for (const { pseudo, name, value } of st.pseudo) {
    (parts[pseudo] ??= {})[name] = value;
    if (name === "content" && showsWords(nameOf(n), value)) why = own;
  }
  for (const pseudo of Object.keys(parts).sort()) {
    const [look, place] = apply(l, parts[pseudo] as Props, p.sh);
    if (pseudo === "before" || pseudo === "after") {
      if (place.painted) why ||= place.over;
    } else if (pseudo !== "marker" && (unseen(look) || (doubtful(look) && doubtful(look) !== doubtful(l)) || place.gone)) why ||= "words that the style hides";
  }
  if (hasLetters(quoted(sure.quotes))) why = own;
  if (!why) return;
  // An element without words shows them among those of its parent.
  const me = p.frames.at(-1) as Frame;
  const about = p.out.at === me.from ? covered(p, overParent) : me;
  about.doubt ||= why;
}

// showsWords tells whether generated content has words. Numbers of items and headings are
// markers, which are not written out.
const showsWords = (tag: string, v: string) =>
  /attr\(|var\(|url\(/.test(v) || (v.includes("counter") && !/^(li|dt|h.)$/.test(tag)) || hasLetters(quoted(v));

// quoted is what stands in the strings of a value.
const quoted = (v = "") => v.split('"').filter((_, i) => i % 2 === 1).join("");
