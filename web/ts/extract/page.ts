// Goes through a parsed page. Mirrors internal/extract/page.go; what is in an element of
// a kind of its own is read by widget.ts.
import { apply, differs, doubtful, unseen, type Look } from "./look.ts";
import { style, type Props, type Styled } from "./cascade.ts";
import { tooDeep, type Copy } from "./copy.ts";
import { newSheet, type Sheet } from "./css.ts";
import { black, normalSize, pixels, reset, white } from "./cssvalue.ts";
import { collect, parseHTML } from "./html.ts";
import { copyOf, doubt, emptyLine, end, kept, leave, newLines, nextLine, sameLine, since, words, type Lines } from "./lines.ts";
import { newBox, overAll, overContainer, overParent, type Box } from "./place.ts";
import { maxMatching } from "./selector.ts";
import { attr, has, nameOf } from "./tree.ts";
import { generated, inside, spoken } from "./widget.ts";
import { cut, hasText, set, trim } from "./words.ts";

// barReach is how many bytes of text a bar may lie over that stays at the top or foot of
// the window.
const barReach = 300;

const maxFrames = 1024;

// Frame is an open element.
interface Frame {
  from: number;
  doubt: string;
  block: boolean;
  container: boolean; // what is placed inside counts from it
  filled: boolean; // shows something that is no text
  spills: boolean; // words in it may stand where the next parts do
}

export interface PageReader {
  out: Lines;
  sh: Sheet;
  frames: Frame[]; // of the elements around, the page's own first
  lists: number; // lists that are open
  padded: boolean; // the page leaves room at its top
  edges: number[]; // where bars stand in the text
  named: boolean; // a picture with a name in letters stands behind the words
  spoken: number; // where
}

// readHTML reads a page in whatever charset it says it is in; undefined where only the
// service can.
export function readHTML(file: Uint8Array): Copy | undefined {
  const doc = parseHTML(file);
  return doc && readPage(doc);
}

function readPage(doc: Document): Copy {
  const out = newLines();
  const sh = newSheet();
  const p: PageReader = { out, sh, frames: [{ from: 0, doubt: "", block: true, container: false, filled: false, spills: false }], lists: 0, padded: false, edges: [], named: false, spoken: 0 };
  collect(doc.documentElement, sh, out);
  leave(out, "styles-not-read", sh.outside);
  children(p, doc, {
    color: black, alpha: 1, named: false, back: white, backKnown: true, size: normalSize, invisible: false, opacity: 1, family: "", reason: "",
    uncertain: sh.outside > 0 || sh.dark, rtl: false, shadow: false, pictured: false, pre: false, nowrap: false, foot: false,
  });
  close(p, newBox());
  // What comes next in the text a bar may lie over for good, unless the page leaves room
  // for it.
  if (!p.padded) for (const at of p.edges) doubt(out, at, "a bar may lie over the words", Math.min(at + barReach, out.at));
  if (sh.complex) out.cover = "a style that is too complex to tell what it hides";
  return copyOf(out, "html");
}

// ends says how an element parts lines when no style says otherwise.
const parted = set("p h1 h2 h3 h4 h5 h6 blockquote ul ol dl pre table figure hr menu dir fieldset form xmp listing plaintext search hgroup");
const lined = set(
  "div li dt dd tr td th caption section article header footer main nav aside address figcaption legend summary details " +
    "html body center thead tbody tfoot dialog optgroup option title",
);
const ends = (tag: string) => (parted.has(tag) ? emptyLine : lined.has(tag) ? nextLine : sameLine);

// silent are elements that show nothing of what is in them, and are no news.
const silent = set("script style head title meta link base noframes area param source track colgroup col frameset rp");

// silentDrawn are such elements of drawings and formulas.
const silentDrawn = set("annotation annotation-xml desc metadata defs symbol");

// restyled are elements that browsers hide by a style of their own, which a page may
// overrule.
const restyled = set("dialog datalist noembed noframes area param source track colgroup col rp script style head title meta link base");

// shows tells whether a page's style may show what browsers hide.
const shows = (st: Styled) => st.cases.some((c) => c.display && c.display !== "none" && !reset(c.display));

export function children(p: PageReader, n: Node, l: Look): void {
  if (n instanceof HTMLTemplateElement) n = n.content;
  for (let c = n.firstChild; c; c = c.nextSibling) {
    if (c.nodeType === 3) text(p, (c as Text).data, l);
    else if (c.nodeType === 1) element(p, c as Element, l);
  }
}

export function text(p: PageReader, s: string, l: Look): void {
  if (unseen(l)) {
    if (hasText(s)) leave(p.out, "hidden-left-out");
    return;
  }
  const from = p.out.at;
  const after = p.named && p.spoken === from && p.out.owed === sameLine;
  (l.pre ? kept : words)(p.out, s);
  if (p.out.at > from) {
    if (after) doubt(p.out, from, spoken);
    p.named = false;
  }
  const why = doubtful(l);
  if (why) doubt(p.out, from, why);
}

const preformatted = set("pre textarea xmp listing plaintext");

function element(p: PageReader, n: Element, around: Look): void {
  const tag = nameOf(n);
  if (p.frames.length > maxFrames) throw tooDeep();
  if (silentDrawn.has(tag) && n.namespaceURI !== "http://www.w3.org/1999/xhtml") return;
  const mute = silent.has(tag);
  const st = style(p.sh, n);
  if (mute && !shows(st)) return;
  const [l, b] = resolve(p, st, around);
  const sure = st.cases[0] as Props;
  const hidden = hiddenByTag(p, n);
  if (b.gone || (hidden && !(shows(st) && restyled.has(tag)))) return mute ? undefined : leaveOut(p, n);
  if (hidden || mute) b.doubt = "words that the style shows";
  if (preformatted.has(tag)) l.pre ||= !sure["white-space"];
  else if (tag === "body" || tag === "html") {
    room(p, sure);
    l.pictured = false; // a page's own background is no trick
  } else if (tag === "table") {
    // Columns, which no cell stands in, may paint behind its words.
    l.uncertain ||= [...n.children].some((c) => /^col(group)?$/.test(nameOf(c)));
  }
  let parts = lineEnds(tag, b.display);
  if (parts === emptyLine && p.lists > 0) parts = nextLine;
  if (b.over === "") {
    const display = trim(b.display);
    if (parts === sameLine && b.tall && /^(inline)?$/.test(display)) [b.over, b.reach] = ["something may lie over the words", overParent];
    else if ((display === "table-header-group" && tag !== "thead") || (display === "table-footer-group" && tag !== "tfoot") || (l.foot && (tag === "caption" || display === "table-caption"))) {
      [b.over, b.reach] = ["the order of the parts is changed", overParent];
    }
  }
  if (b.pulled && parts === sameLine && b.over === "") {
    b.over = "words that are moved along the line";
    b.reach = overParent;
  }
  p.frames.push({ from: p.out.at, doubt: b.doubt, block: parts > 0, container: b.position, filled: false, spills: false });
  end(p.out, parts);
  inside(p, n, l);
  checkDirection(p, sure, l);
  const image = sure["background-image"];
  if (parts === sameLine && image && image !== "none" && p.frames.at(-1)?.from === p.out.at) leave(p.out, "pictures-not-read");
  generated(p, n, st, l);
  close(p, b);
  end(p.out, parts);
}

// resolve works out the look and place of an element. Where it may be shown and may be
// hidden, it is read, and in doubt.
function resolve(p: PageReader, st: Styled, around: Look): [Look, Box] {
  const sure = st.cases[0] as Props;
  if (p.sh.moves && sure["animation-name"] && sure["animation-name"] !== "none") {
    st.cases.push({ ...sure, opacity: undefined, visibility: undefined, display: undefined, transform: undefined });
  }
  let [l, b] = apply(around, sure, p.sh);
  let unsure = st.more;
  for (const c of st.cases.slice(1)) {
    const [l2, b2] = apply(around, c, p.sh);
    unsure ||= b.gone !== b2.gone || differs(l, l2);
    if (b.gone || (!b2.gone && unseen(l) && !unseen(l2))) {
      b2.doubt ||= b.doubt;
      [l, b] = [l2, b2];
    }
    b.doubt ||= b2.doubt;
    if (b.over === "") [b.over, b.reach, b.edge] = [b2.over, b2.reach, b2.edge];
  }
  if (unsure) b.doubt = "words that are hidden at times";
  return [l, b];
}

function lineEnds(tag: string, display: string): number {
  const d = cut(display, " ")[0];
  if (/^(initial|inherit|unset|revert)?$/.test(d)) return ends(tag);
  if (/^(inline(-block|-flex|-grid|-table)?|contents|ruby)$/.test(d)) return sameLine;
  return Math.max(ends(tag), nextLine);
}

// hiddenByTag tells what an element's own nature hides.
function hiddenByTag(p: PageReader, n: Element): boolean {
  const tag = nameOf(n);
  switch (tag) {
    case "template": // a shadow is shown, and all of it in doubt
      return !has(n, "shadowrootmode");
    case "noscript":
    case "noembed":
    case "datalist":
      return true;
    case "dialog":
      return !has(n, "open");
  }
  const around = n.parentElement;
  if (!around || nameOf(around) !== "details" || has(around, "open")) return false;
  if (tag !== "summary") return true;
  for (let c = n.previousSibling; c; c = c.previousSibling) {
    p.sh.work++;
    if (c.nodeType === 1 && nameOf(c as Element) === "summary") return true; // only the first is shown
  }
  return false;
}

// leaveOut counts what is hidden, when there are words in it.
export function leaveOut(p: PageReader, n: Element): void {
  if (hasWords(n)) leave(p.out, "hidden-left-out");
}

export function hasWords(n: Node): boolean {
  if (n instanceof HTMLTemplateElement) n = n.content;
  for (let c = n.firstChild; c; c = c.nextSibling) {
    if (c.nodeType === 3 ? hasText((c as Text).data) : c.nodeType === 1 && !silent.has(nameOf(c as Element)) && hasWords(c)) return true;
  }
  return false;
}

// close ends the innermost frame, and gives its doubts to what they are about.
function close(p: PageReader, b: Box): void {
  const f = p.frames.pop() as Frame;
  const said = p.out.at > f.from;
  if (b.wide > 0 && said && look(p, p.out.at - f.from) && longest(since(p.out, f.from)) > b.wide) f.doubt ||= "words that may be cut off";
  if (b.clipped > 0 && said && look(p, p.out.at - f.from) && linesNeeded(since(p.out, f.from)) > b.clipped) {
    if (!b.spills) f.doubt ||= "words that may be cut off";
    else if (p.frames.length > 0) (p.frames.findLast((o) => o.block) ?? (p.frames[0] as Frame)).spills = true;
  }
  if (f.doubt) doubt(p.out, f.from, f.doubt);
  const outer = p.frames.at(-1);
  if (!outer) return;
  outer.filled ||= f.filled;
  if (b.painted) for (const o of p.frames) if (o.spills) o.doubt ||= "something may lie over the words";
  if (b.over === "" || (!said && !f.filled && !b.painted)) return;
  if (b.edge) p.edges.push(p.out.at);
  else covered(p, b.reach).doubt ||= b.over;
}

// look counts the bytes of text that are looked at again, and tells whether there were
// not too many.
function look(p: PageReader, n: number): boolean {
  p.sh.work += Math.floor(n / 16);
  p.sh.complex ||= p.sh.work > maxMatching;
  return p.sh.work <= maxMatching;
}

// covered is the frame that something of that reach may lie over. One that is placed
// counts from the nearest frame that is placed itself.
export function covered(p: PageReader, reach: number): Frame {
  const found = reach === overAll ? undefined : p.frames.findLast((f) => f.block && (reach === overParent || (reach === overContainer && f.container)));
  return found ?? (p.frames[0] as Frame);
}

// longest is the length of the longest line.
const longest = (s: string) => Math.max(...trim(s).split("\n").map((line) => new TextEncoder().encode(line).length));

// linesNeeded is how many lines of a narrow column the text takes.
function linesNeeded(s: string): number {
  let n = 0;
  for (const line of trim(s).split("\n")) n += 1 + Math.floor(new TextEncoder().encode(line).length / 60);
  return n;
}

// room notes whether the page leaves room for a bar at its top.
function room(p: PageReader, c: Props): void {
  const v = c["padding-top"] || cut(c.padding ?? "", " ")[0] || c["margin-top"] || "";
  p.padded ||= (pixels(v, normalSize) ?? 0) >= 24;
}

// checkDirection doubts words that run from right to left and are of a script that does
// not.
function checkDirection(p: PageReader, c: Props, l: Look): void {
  if (c.direction !== "rtl" || !l.rtl) return;
  const { from } = p.frames.at(-1) as Frame;
  if (!look(p, p.out.at - from)) return;
  const s = since(p.out, from);
  if (/\p{L}/u.test(s) && !/[\p{sc=Arabic}\p{sc=Hebrew}\p{sc=Syriac}\p{sc=Thaana}]/u.test(s)) doubt(p.out, from, "the order of the words is turned round");
}

export const typeOf = (n: Element) => attr(n, "type").toLowerCase();
