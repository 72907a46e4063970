// The copy while it is checked, and its bullets and emphasis signs. Mirrors
// bullets.go, emphasis.go and the beginning of align.go in internal/match.
import { Bullet, bulletOf, dropBullets, Marker, parse, Punctuation, type Span, type Token } from "../text/text.ts";
import type { IDs } from "./diff.ts";
import { isWord, slice, starts } from "./word.ts";

export type Bullets = Map<number, Span[]>;

// Doubt is a passage of the copy that may be shown otherwise than it stands, and why.
export interface Doubt {
  at: number;
  end: number;
  detail: string;
}

export interface Copied {
  raw: Uint8Array;
  tokens: Token[];
  ids: IDs;
  emph: Set<number>; // tokens that are paired emphasis signs
  bullets: Bullets; // at line starts, which tokens are without, by the token behind them
  quoted: boolean; // the ">" of a quoted mail were dropped
  blanked: number[]; // offsets of the emphasis signs that were read as blanks
  doubts: Doubt[];
}

// bare returns a text's tokens without bullets at line starts, and where those were.
export function bare(b: Uint8Array): { tokens: Token[]; dropped: Span[] } {
  return dropBullets(parse(b).tokens);
}

// newCopied prepares a copy of which tokens are the canonical ones without dropped.
export function newCopied(raw: Uint8Array, tokens: Token[], dropped: Span[]): Copied {
  const u = unquote(tokens);
  const quoted = u !== undefined && u.length > 0;
  if (quoted) tokens = u;
  return { raw, tokens, ids: new Uint32Array(0), emph: pairEmphasis(tokens), bullets: bulletsBefore(tokens, dropped), quoted, blanked: [], doubts: [] };
}

export const sliceOf = (c: Copied, from: number, to: number) => slice(c.raw, c.tokens, from, to);

// bulletsBefore says before which token the bullets were; tokens.length for those at
// the end.
export function bulletsBefore(tokens: Token[], dropped: Span[]): Bullets {
  const out: Bullets = new Map();
  let i = 0;
  for (const b of dropped) {
    while (i < tokens.length && (tokens[i] as Token).start < b.start) i++;
    const there = out.get(i);
    if (there) there.push(b);
    else out.set(i, [b]);
  }
  return out;
}

export const count = (b: Bullets, i: number) => b.get(i)?.length ?? 0;

// unquote drops the ">" of a quoted mail: those at line starts, when at least half of
// the lines begin with one; else it is undefined.
function unquote(tokens: Token[]): Token[] | undefined {
  const lines = tokens.filter((t) => t.breaks > 0);
  const quoted = lines.filter((t) => t.text === ">").length;
  if (quoted === 0 || 2 * quoted < lines.length) return undefined;
  const kept: Token[] = [];
  let breaks = 0;
  for (const t of tokens) {
    breaks += t.breaks;
    if (t.text === ">" && t.class === Marker) continue;
    kept.push({ ...t, breaks: Math.min(breaks, 255) });
    breaks = 0;
  }
  return kept;
}

// marks reports whether token i can mark an item. A ">" cannot.
export function marks(tokens: Token[], i: number): boolean {
  const t = tokens[i] as Token;
  return t.class === Bullet || (t.class === Marker && t.text !== ">");
}

// startsItem reports whether nothing but list markers stands before token i on its
// line.
export function startsItem(tokens: Token[], i: number): boolean {
  for (; i < tokens.length && !starts(tokens, i); i--) if (!marks(tokens, i - 1)) return false;
  return true;
}

// wraps reports whether a published token is a bullet that the copy has at a line
// start before its token i, settled having been taken of those there.
export function wraps(c: Copied, pub: Token, i: number, settled: number): boolean {
  const there = c.bullets.get(i) ?? [];
  if (pub.class !== Bullet || settled >= there.length) return false;
  const b = there[there.length - 1 - settled] as Span;
  return bulletOf(new TextDecoder().decode(c.raw.subarray(b.start, b.end))) === pub.text;
}

export const isEmphasis = (t: Token) => t.text === "*" || t.text === "_" || t.text === "~";

// pairEmphasis finds the signs that open and close around words of one paragraph.
// Inside a word they are no emphasis.
function pairEmphasis(tokens: Token[]): Set<number> {
  const pairs = new Set<number>();
  const open = new Map<string, number>();
  tokens.forEach((t, i) => {
    if (t.breaks > 1 || t.bulleted) open.clear();
    if (!isEmphasis(t) || (t.class !== Punctuation && t.text !== "*")) return;
    const last = tokens[i - 1];
    const next = tokens[i + 1];
    const before = last !== undefined && t.breaks === 0 && last.end === t.start;
    const after = next !== undefined && next.start === t.end;
    if (before && after && isWord(last) && isWord(next)) return;
    const j = open.get(t.text);
    if (j !== undefined && before) {
      pairs.add(i).add(j);
      open.delete(t.text);
    } else if (after) open.set(t.text, i);
  });
  return pairs;
}

// struck finds the words between paired ~, doubled or not, of one paragraph. A line of them
// alone is a rule.
function struck(c: Copied): Doubt[] {
  const { tokens } = c;
  const out: Doubt[] = [];
  let open: Token | undefined;
  let words = false;
  for (let i = 0; i < tokens.length; i++) {
    const t = tokens[i] as Token;
    if (t.breaks > 1 || t.bulleted) open = undefined;
    if (t.text !== "~" || !c.emph.has(i)) {
      words ||= isWord(t);
      continue;
    }
    const from = i;
    while (tokens[i + 1]?.text === "~" && c.emph.has(i + 1) && tokens[i + 1]?.start === tokens[i]?.end) i++;
    if (starts(tokens, from) && (i + 1 === tokens.length || starts(tokens, i + 1))) continue;
    if (open && words) {
      out.push({ at: open.end, end: t.start, detail: "words between two ~, which messengers show struck through" });
      open = undefined;
    } else [open, words] = [tokens[i], false];
  }
  return out;
}

// withoutEmphasis returns the copy with blanks in place of the paired signs, or
// undefined when none is left to compare.
export function withoutEmphasis(c: Copied): Copied | undefined {
  const blank = c.raw.slice();
  const at = [...c.emph].map((i) => (c.tokens[i] as Token).start).sort((a, b) => a - b);
  for (const i of at) blank[i] = 0x20;
  try {
    const { tokens, dropped } = bare(blank);
    return { ...newCopied(c.raw, tokens, dropped), blanked: at, doubts: struck(c) };
  } catch {
    return undefined;
  }
}

// emphasised reports whether a sign that was blanked stood elsewhere than in the
// surroundings.
export function emphasised(c: Copied, surroundings: { from: number; to: number }[]): boolean {
  const t = c.tokens;
  return c.blanked.some((at) => {
    // The line of the token that follows the sign or, at the end, precedes it.
    let i = t.findIndex((x) => x.start >= at);
    if (i < 0) i = t.length;
    if (i === t.length || (i > 0 && starts(t, i) && (t[i - 1] as Token).end === at)) i--;
    return !surroundings.some((l) => i >= l.from && i < l.to);
  });
}
