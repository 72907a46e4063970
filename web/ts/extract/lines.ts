// Gathers what a reader sees. Mirrors internal/extract/lines.go: line ends and blanks
// are owed rather than written, so that none stands at the beginning or the end and
// none is doubled.
import type { Copy } from "../match/match.ts";
import { bytes } from "../match/word.ts";

export const maxText = 5 << 20;
export const emptyLine = 2;

// ExtractError is what a reader gives up on; the codes are those of
// docs/formats/extract.md.
export class ExtractError extends Error {
  code: string;
  hint: string;
  constructor(code: string, detail: string, hint: string) {
    super(detail);
    this.code = code;
    this.hint = hint;
  }
}

export interface Lines {
  text: string;
  at: number; // bytes of text
  owed: number; // line ends before the next words
  blank: boolean; // a blank before the next words on the same line
  tallies: { code: string; at: number; count: number }[];
}

export const newLines = (): Lines => ({ text: "", at: 0, owed: 0, blank: false, tallies: [] });

// end owes n line ends; it takes none back that is owed already.
export function end(l: Lines, n: number): void {
  l.owed = Math.max(l.owed, n);
  l.blank = false;
}

// lineEnd is a line end that the file asks for: two of them make an empty line.
export function lineEnd(l: Lines): void {
  l.owed = Math.min(l.owed + 1, emptyLine);
  l.blank = false;
}

// kept writes text whose white space and line ends are kept.
export function kept(l: Lines, s: string): void {
  for (const line of s.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const words = line.replace(/[\r\n]+$/, "");
    const body = words.replace(/^[ \t]+/, "");
    if (body !== "") {
      if (l.owed === 0 && body.length < words.length) l.blank = true;
      const trimmed = body.replace(/[ \t]+$/, "");
      write(l, trimmed);
      l.blank = trimmed !== body;
    } else if (words !== "") l.blank = true;
    if (line.endsWith("\n")) lineEnd(l);
  }
}

function write(l: Lines, s: string): void {
  const owed = l.text === "" ? "" : l.owed > 0 ? "\n\n".slice(0, l.owed) : l.blank ? " " : "";
  s = owed + s.replace(/\0/g, "\ufffd");
  l.owed = 0;
  l.blank = false;
  l.at += bytes(s);
  if (l.at > maxText) throw new ExtractError("too-large", "the text in it is larger than 5 MiB", "check the declaration alone, without what surrounds it");
  l.text += s;
}

// leave counts something that was left out here.
export function leave(l: Lines, code: string): void {
  const t = l.tallies.find((x) => x.code === code);
  if (t) t.count++;
  else l.tallies.push({ code, at: l.at, count: 1 });
}

const details: Record<string, string> = { "pictures-not-read": "pictures and embedded things: " };

// copyOf is the text with its warnings.
export const copyOf = (l: Lines, form: string): Copy => ({
  form, text: new TextEncoder().encode(l.text), doubts: [],
  warnings: l.tallies.map((t) => ({ code: t.code, at: t.at, detail: `${details[t.code] ?? ""}${t.count}` })),
});
