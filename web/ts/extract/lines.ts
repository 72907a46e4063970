// Gathers what a reader sees. Mirrors internal/extract/lines.go: line ends and blanks
// are owed rather than written, so that none stands at the beginning or the end and
// none is doubled. The text is bytes, so that every offset counts bytes.
import { noText, tooLarge, type Copy, type Doubt, type Form } from "./copy.ts";
import { trimRight } from "./words.ts";

const maxText = 5 << 20;
const maxDoubts = 1000;

export const sameLine = 0;
export const nextLine = 1;
export const emptyLine = 2;

export interface Lines {
  buf: Uint8Array;
  at: number; // bytes of buf that are written
  owed: number; // line ends before the next words
  blank: boolean; // a blank before the next words on the same line
  full: boolean; // there was more text than is read
  cover: string; // why all of it is in doubt
  doubts: Doubt[];
  tallies: { code: string; at: number; count: number }[];
}

export const newLines = (): Lines => ({ buf: new Uint8Array(), at: 0, owed: 0, blank: false, full: false, cover: "", doubts: [], tallies: [] });

// end owes n line ends; it takes none back that is owed already.
export function end(l: Lines, n: number): void {
  if (n === sameLine) return;
  l.owed = Math.max(l.owed, n);
  l.blank = false;
}

// lineEnd is a line end that the file asks for: two of them make an empty line.
export function lineEnd(l: Lines): void {
  l.owed = Math.min(l.owed + 1, emptyLine);
  l.blank = false;
}

// words writes text in which white space collapses.
export function words(l: Lines, s: string): void {
  for (const part of s.match(/[ \t\n\r\f]+|[^ \t\n\r\f]+/g) ?? []) {
    if (/^[ \t\n\r\f]/.test(part)) l.blank = true;
    else write(l, part);
  }
}

// kept writes text whose white space and line ends are kept.
export function kept(l: Lines, s: string): void {
  for (let from = 0; from < s.length; ) {
    const stop = s.indexOf("\n", from) + 1 || s.length;
    const line = s.slice(from, stop);
    from = stop;
    const text = trimRight(line, "\r\n");
    const body = text.replace(/^[ \t]+/, "");
    if (body !== "") {
      if (l.owed === sameLine && body.length < text.length) l.blank = true;
      const trimmed = trimRight(body, " \t");
      write(l, trimmed);
      l.blank = trimmed !== body;
    } else if (text !== "") l.blank = true;
    if (line.endsWith("\n")) lineEnd(l);
  }
}

const encoder = new TextEncoder();

// write puts down what is owed, and then words that are not empty.
export function write(l: Lines, s: string): void {
  if (s.includes("\0")) s = s.replaceAll("\0", "\ufffd");
  if (l.full || (!room(l, 3 * s.length) && !room(l, encoder.encode(s).length))) return;
  let i = 0;
  for (let u; i < s.length && (u = s.charCodeAt(i)) < 0x80; i++) l.buf[l.at++] = u;
  if (i < s.length) l.at += encoder.encodeInto(s.slice(i), l.buf.subarray(l.at)).written;
}

// room makes room for up to n bytes and writes what is owed before them; it does neither
// where that would be more text than is read.
function room(l: Lines, n: number): boolean {
  const size = l.at + n + emptyLine;
  l.full = size > maxText;
  if (l.full) return false;
  if (size > l.buf.length) {
    const more = new Uint8Array(2 * size);
    more.set(l.buf);
    l.buf = more;
  }
  if (l.at > 0) {
    if (l.owed > 0) for (let i = 0; i < l.owed; i++) l.buf[l.at++] = 10;
    else if (l.blank) l.buf[l.at++] = 32;
  }
  l.owed = sameLine;
  l.blank = false;
  return true;
}

// since is what was written from a mark on.
export const since = (l: Lines, from: number) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(l.buf.subarray(from, l.at));

// doubt doubts a range, by default what was written since the mark; white space at its
// ends is no part of a passage.
export function doubt(l: Lines, at: number, detail: string, to = l.at): void {
  const blank = (i: number) => l.buf[i] === 32 || l.buf[i] === 10;
  while (at < to && blank(at)) at++;
  while (at < to && blank(to - 1)) to--;
  if (at >= to) return;
  const last = l.doubts[l.doubts.length - 1];
  if (last) {
    let i = Math.min(last.end, at);
    while (i < at && blank(i)) i++;
    if ((last.detail === detail && at >= last.at && i === at) || l.doubts.length === maxDoubts) {
      last.at = Math.min(last.at, at);
      last.end = Math.max(last.end, to);
      return;
    }
  }
  l.doubts.push({ at, end: to, detail });
}

// leave counts something that was left out here.
export function leave(l: Lines, code: string, count = 1): void {
  if (count === 0) return;
  const t = l.tallies.find((x) => x.code === code);
  if (t) t.count += count;
  else l.tallies.push({ code, at: l.at, count });
}

// add puts another text behind this one.
export function add(l: Lines, o: Lines, owed: number): void {
  l.full ||= o.full;
  l.cover ||= o.cover;
  for (const t of o.tallies) leave(l, t.code, t.count);
  if (o.at === 0) return;
  end(l, owed);
  if (l.full || !room(l, o.at)) return;
  const shift = l.at;
  l.buf.set(o.buf.subarray(0, o.at), l.at);
  l.at += o.at;
  for (const d of o.doubts) doubt(l, shift + d.at, d.detail, shift + d.end);
}

const details: Record<string, string> = {
  "styles-not-read": "style sheets outside the file",
  "scripts-not-run": "programs in the page that were not run",
  "hidden-left-out": "passages that a reader does not see",
  "deleted-left-out": "deleted passages",
  "comments-left-out": "comments",
  "margins-left-out": "headers, footers and notes",
  "attachments-left-out": "attached files",
  "pictures-not-read": "pictures and embedded things",
};

// copyOf is the text with its warnings; it throws when there is too much or none.
export function copyOf(l: Lines, form: Form): Copy {
  if (l.full) throw tooLarge("the text in it is larger than 5 MiB");
  if (l.at === 0) throw noText(form);
  if (l.cover) l.doubts = [{ at: 0, end: l.at, detail: l.cover }];
  return {
    form,
    text: l.buf.slice(0, l.at),
    warnings: l.tallies
      .map((t) => ({ code: t.code, at: t.at, detail: `${details[t.code]}: ${t.count}` }))
      .sort((a, b) => a.at - b.at || (a.code < b.code ? -1 : 1)),
    doubts: l.doubts.sort((a, b) => a.at - b.at),
  };
}
