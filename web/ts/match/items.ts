// Which unmatched lines stand in the list. Mirrors internal/match/items.go.
import { Bullet, Hidden, Marker, type Token } from "../text/text.ts";
import { isHeading } from "./heading.ts";
import { separates, type Hit, type Line, type ListScan, type Span } from "./list.ts";
import { nearest, newNearest, type Nearest } from "./nearest.ts";
import { lineStart, lower, starts } from "./word.ts";

const maxItemLines = 8; // over so many lines a wrapped item may run
const maxPaired = 4000; // lines, and two for each name, are looked at for changed names

// Item is a piece of the copy that stands in the list and is no name of it.
export interface Item {
  from: number;
  to: number;
  changed: number; // the name it comes from, or -1
}

// findItems finds, among the unmatched lines, those that stand in the list: inside it,
// directly before or after it, or resembling a name that is missing.
export function findItems(s: ListScan, hits: Hit[], found: Set<number>, outside: Span[], places: Hit[]): Item[] {
  if (s.l.listed + s.l.withheld === 0) return [];
  const items: Item[] = [];
  const used = new Set<number>(); // lines, by first token
  const near = newNearest(s.l, found);
  const most = Math.min(s.lines.length, maxPaired + 2 * s.l.names.length);
  for (let i = 0; i < most; i++) {
    const l = s.lines[i] as Line;
    if (!(outside[l.span] as Span).after && hits.length === 0) continue; // a changed name alone above the text is no list
    const { lines, name } = changedName(s, i, near);
    if (lines === 0) continue;
    items.push({ from: l.from, to: (s.lines[i + lines - 1] as Line).to, changed: name });
    for (let j = i; j < i + lines; j++) used.add((s.lines[j] as Line).from);
    near.taken.add(name);
    i += lines - 1;
  }
  outside.forEach((sp, k) => {
    const b = bounds(s, k, sp, hits, items, places);
    if (b.first >= 0) strangers(s, items, b, k, used);
  });
  return items;
}

// strangers appends the unmatched lines of span k that stand in the list.
function strangers(s: ListScan, items: Item[], b: Bounds, k: number, used: Set<number>): void {
  const line = (i: number) => s.lines[i] as Line;
  const free = (i: number) => line(i).span === k && !used.has(line(i).from);
  for (let i = 0; i < s.lines.length; i++) {
    // inside and after
    if (!free(i) || rule(s, line(i)) || !holds(s, b, line(i))) continue;
    const from = line(i).from;
    while (b.bulleted && i + 1 < s.lines.length && free(i + 1) && continues(s, line(i), line(i + 1))) i++;
    b.last = Math.max(b.last, line(i).to);
    items.push({ from, to: line(i).to, changed: -1 });
  }
  for (let i = s.lines.length - 1; i >= 0; i--) {
    // before
    if (!free(i) || !passed(s, line(i).to, b.first)) continue;
    const to = line(i).to;
    const gap = (s.c.tokens[to] as Token).breaks;
    while (b.bulleted && !marked(s, line(i).from) && i > 0 && free(i - 1) && continues(s, line(i - 1), line(i))) i--;
    const from = line(i).from;
    const heading = !marked(s, from) && ((s.c.tokens[to - 1] as Token).text === ":" || isHeading(s.c.tokens, from, to));
    if (heading || rule(s, line(i)) || gap > b.gap || (b.bulleted && !marked(s, from))) break;
    b.first = from;
    items.push({ from, to, changed: -1 });
  }
}

// passed reports whether only list markers and separators stand from one token to the
// other.
function passed(s: ListScan, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const t = s.c.tokens[i] as Token;
    if (t.class !== Marker && t.class !== Bullet && !separates(t.text)) return false;
  }
  return from <= to;
}

// continues reports whether l is the wrapped rest of the item that prev ends.
function continues(s: ListScan, prev: Line, l: Line): boolean {
  const t = s.c.tokens[l.from] as Token;
  return prev.to === l.from && t.breaks === 1 && !t.bulleted && t.class !== Marker;
}

// changedName looks for a missing name that the lines from i on resemble; it returns
// how many lines and which name.
function changedName(s: ListScan, i: number, near: Nearest): { lines: number; name: number } {
  let [best, lines, name] = [0, 0, 0];
  for (let n = 1; n <= maxItemLines && i + n <= s.lines.length; n++) {
    if (n > 1 && !continues(s, s.lines[i + n - 2] as Line, s.lines[i + n - 1] as Line)) break;
    const l = s.lines[i] as Line;
    let from = l.from;
    while (from + 1 < l.to && (s.c.tokens[from] as Token).class === Marker) from++;
    const found = nearest(near, s.c.tokens.slice(from, (s.lines[i + n - 1] as Line).to));
    if (found.score > best) [best, lines, name] = [found.score, n, found.best];
  }
  return { lines, name };
}

// Bounds says where in one span the list begins and ends.
interface Bounds {
  first: number; // first token of the first item
  last: number;
  gap: number; // the most line ends between two items
  bulleted: boolean;
}

function bounds(s: ListScan, k: number, sp: Span, hits: Hit[], items: Item[], places: Hit[]): Bounds {
  const b: Bounds = { first: -1, last: 0, gap: 1, bulleted: false };
  const see = (from: number, to: number) => {
    b.bulleted ||= marked(s, from);
    if (b.first < 0 || from < b.first) b.first = from;
    if (to > b.last) b.last = to;
  };
  for (const h of hits) if (h.span === k) see(h.from, h.to);
  for (const it of items) if (it.from >= sp.from && it.from < sp.to) see(it.from, it.to);
  for (const h of hits) {
    if (h.span === k && h.from > b.first) {
      b.gap = Math.max(b.gap, Math.min(3, (s.c.tokens[lineStart(s.c.tokens, h.from)] as Token).breaks));
    }
  }
  if (b.first < 0 && sp.after && hits.length === 0 && items.length === 0) alienList(s, b, k, sp, places);
  return b;
}

// alienList finds a list of which no name is known: marked lines after the text, the
// place and date, or two lines more.
function alienList(s: ListScan, b: Bounds, k: number, sp: Span, places: Hit[]): void {
  let next = sp.from;
  for (const h of places) if (h.span === k) next = h.to;
  let headings = 0; // lines such as "Signed by:", or a place that is not this version's
  for (const l of s.lines) {
    if (l.span !== k || l.from < next) continue;
    if ((s.c.tokens[l.from] as Token).breaks > 3 || headings > 2) return;
    if (marked(s, l.from) && !rule(s, l)) {
      b.first = l.from;
      b.last = l.to;
      b.bulleted = true;
      return;
    }
    headings++;
  }
}

// marked reports whether the item at token i has a bullet or a list marker, of which i
// may be the first token.
function marked(s: ListScan, i: number): boolean {
  const t = s.c.tokens[i] as Token;
  const last = s.c.tokens[i - 1];
  return t.bulleted || t.class === Marker || (last !== undefined && t.breaks === 0 && (last.class === Marker || last.class === Bullet));
}

// holds reports whether the unmatched line l stands inside the list or directly after
// it.
function holds(s: ListScan, b: Bounds, l: Line): boolean {
  if (l.from >= b.first && l.from < b.last) return true;
  if (l.from < b.first || !passed(s, b.last, l.from)) return false;
  const breaks = (s.c.tokens[l.from] as Token).breaks;
  // What has no marker belongs to a marked list only directly under it.
  const near = b.bulleted ? 1 : b.gap;
  return (breaks <= near && !address(s.c.tokens.slice(l.from, l.to))) || (b.bulleted && marked(s, l.from) && breaks <= b.gap + 1);
}

// rule reports whether a line is of punctuation alone, such as "* * *": it parts the
// text from something else and is no item.
function rule(s: ListScan, l: Line): boolean {
  if (!starts(s.c.tokens, l.from)) return false; // the rest of a line, behind a name
  return s.c.tokens.slice(l.from, l.to).every((t) => t.class !== Hidden && /^[\p{P}=~+]/u.test(t.text));
}

// address reports whether a line is a web address.
function address(tokens: Token[]): boolean {
  return tokens.length > 2 && ["http", "https", "www"].includes(lower((tokens[0] as Token).text));
}
