// Finds a version's signatory list in a copy. Mirrors internal/match/list.go.
import { Bullet, Marker, type Token } from "../text/text.ts";
import type { Alignment } from "./align.ts";
import { bare, type Copied } from "./copied.ts";
import { equal, type IDs } from "./diff.ts";
import { number, type Vocabulary } from "./stored.ts";
import { keys, lineEnd, starts } from "./word.ts";

// PublishedName is one entry of a version's list.
export interface PublishedName {
  text: string; // "" for a withheld one
  withheld: boolean;
}

export interface Name {
  text: string;
  tokens?: Token[]; // none for a withheld name
  keys: string[];
  ids: IDs;
}

interface Entry {
  index: number;
  place: boolean;
  ids: IDs;
}

export interface NameList {
  names: Name[];
  listed: number; // names that are not withheld
  withheld: number;
  places: (Name & { tokens: Token[] })[];
  words: Vocabulary; // from 1
  starts: Map<number, Entry[]>; // by first token id, the longest first
}

// newNameList throws where a name has no words.
export function newNameList(names: PublishedName[], place: string): NameList {
  const l: NameList = { names: [], listed: 0, withheld: 0, places: [], words: new Map([["", 0]]), starts: new Map() };
  const read = (text: string) => {
    const { tokens } = bare(new TextEncoder().encode(text));
    return { text, tokens, keys: keys(tokens), ids: number(l.words, tokens) };
  };
  for (const n of names) {
    if (n.withheld) l.withheld++;
    else l.listed++;
    l.names.push(n.withheld ? { text: "", keys: [], ids: new Uint32Array(0) } : read(n.text));
  }
  for (const line of place.split("\n")) if (line.trim() !== "") l.places.push(read(line));
  const start = (n: Name, index: number, place: boolean) => {
    const first = n.ids[0] as number;
    const entries = l.starts.get(first) ?? [];
    entries.push({ index, place, ids: n.ids });
    l.starts.set(first, entries);
  };
  l.places.forEach((n, i) => start(n, i, true));
  l.names.forEach((n, i) => n.tokens && start(n, i, false));
  for (const e of l.starts.values()) e.sort((a, b) => b.ids.length - a.ids.length);
  return l;
}

// Span is a range of the copy's tokens outside the text.
export interface Span {
  from: number;
  to: number;
  after: boolean; // it follows the text, or a part of it
}

// Hit is a place where the copy has an entry of the list.
export interface Hit {
  from: number;
  to: number;
  index: number;
  place: boolean;
  span: number;
}

// Line is an unmatched line of a span.
export interface Line {
  from: number;
  to: number;
  span: number;
}

export interface ListScan {
  l: NameList;
  c: Copied;
  ids: IDs; // of the copy's tokens outside the text, in the list; 0 for none
  hits: Hit[];
  lines: Line[];
  passes: number; // markers and separators that were passed over
  attached: Map<number, number>; // where a part of the text ends → end of the words on its last line
}

// scanList reads the spans for the entries of a list.
export function scanList(l: NameList, c: Copied, outside: Span[]): ListScan {
  const s: ListScan = { l, c, ids: new Uint32Array(c.ids.length), hits: [], lines: [], passes: 0, attached: new Map() };
  for (const sp of outside) for (let i = sp.from; i < sp.to; i++) s.ids[i] = l.words.get((c.tokens[i] as Token).text) ?? 0;
  outside.forEach((sp, k) => scanSpan(s, k, sp));
  return s;
}

// Entries may stand one a line, wrapped over several, or several on a line as long as
// nothing else is on it.
function scanSpan(s: ListScan, k: number, sp: Span): void {
  for (let i = sp.from; i < sp.to; ) {
    const read = readLine(s, k, i, sp.to);
    if (read > i) {
      i = read;
      continue;
    }
    const end = Math.min(lineEnd(s.c.tokens, i + 1), sp.to);
    if (i === sp.from && sp.after && !starts(s.c.tokens, i)) s.attached.set(i, end);
    else s.lines.push({ from: i, to: end, span: k });
    i = end;
  }
}

// readLine reads entries from i to a line end, and returns where that is; i where there
// are none. Behind the first entries an unknown piece that a sign separates is kept as
// an unmatched line.
function readLine(s: ListScan, k: number, i: number, to: number): number {
  const tokens = s.c.tokens;
  const hits: Hit[] = [];
  const lines: Line[] = [];
  let passes = 0;
  for (let pos = i; ; ) {
    const e = longest(s, pos, to);
    passes += (e?.at ?? pos) - pos;
    const last = hits[hits.length - 1];
    if (e) {
      hits.push({ from: e.at, to: e.at + e.entry.ids.length, index: e.entry.index, place: e.entry.place, span: k });
      pos = e.at + e.entry.ids.length;
    } else if (last && pos > last.to) {
      const end = piece(s, pos, to);
      lines.push({ from: pos, to: end, span: k });
      pos = end;
    } else return i;
    while (pos < to && !starts(tokens, pos) && separates((tokens[pos] as Token).text)) {
      pos++;
      passes++;
    }
    if (pos >= to || starts(tokens, pos)) {
      s.hits.push(...hits);
      s.lines.push(...lines);
      s.passes += passes;
      return pos;
    }
  }
}

// piece returns the end of an unknown piece of a line: the next separator after which
// an entry starts, or the line end.
function piece(s: ListScan, pos: number, to: number): number {
  const tokens = s.c.tokens;
  for (let end = pos + 1; end < to && !starts(tokens, end); end++) {
    if (separates((tokens[end] as Token).text) && end + 1 < to && longest(s, end + 1, to)) return end;
  }
  return Math.min(lineEnd(tokens, pos + 1), to);
}

export const separates = (s: string) => [",", ";", "|", "/", "-", "•", "·", "."].includes(s);

// longest finds the longest entry that starts at pos, or after the list markers and
// emphasis signs there.
function longest(s: ListScan, pos: number, to: number): { entry: Entry; at: number } | undefined {
  const tokens = s.c.tokens;
  for (let at = pos; at < to; at++) {
    for (const entry of s.l.starts.get(s.ids[at] as number) ?? []) {
      const n = entry.ids.length;
      if (at + n <= to && equal(entry.ids, s.ids.subarray(at, at + n)) && oneItem(tokens, at, at + n)) return { entry, at };
    }
    const t = tokens[at] as Token;
    if (t.class !== Marker && t.class !== Bullet && !s.c.emph.has(at)) break;
  }
  return undefined;
}

// oneItem reports whether tokens can be one wrapped item: no blank line and no bullet
// inside.
function oneItem(tokens: Token[], from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) if ((tokens[i] as Token).breaks > 1 || (tokens[i] as Token).bulleted) return false;
  return true;
}

// outsideOf returns what of a copy of n tokens is outside the parts.
export function outsideOf(parts: Alignment[], n: number): Span[] {
  const out: Span[] = [];
  let at = 0;
  parts.forEach((a, i) => {
    if (a.c0 > at) out.push({ from: at, to: a.c0, after: i > 0 });
    at = a.c1;
  });
  if (at < n) out.push({ from: at, to: n, after: true });
  return out;
}
