// List markers at line starts. Mirrors internal/text/marker.go.
import { isBullet } from "./bullets.ts";
import { classes, cMark, isLetter } from "./class.ts";
import { Marker, Word, type Token } from "./types.ts";

// markLists gives the class Marker to the tokens at a line start that may be a list
// marker. They stay in the canonical form.
export function markLists(tokens: Token[], first: boolean): void {
  for (let i = 0; i < tokens.length; i++) {
    if (at(tokens, i).breaks === 0) continue;
    let j = i;
    while (j < tokens.length && opens(at(tokens, j)) && (j === i || at(tokens, j).breaks === 0)) at(tokens, j++).class = Marker;
    if (!first && j < tokens.length && j > i && at(tokens, j).breaks > 0) continue;
    for (const k = j + markerLen(tokens, j, first); j < k; j++) at(tokens, j).class = Marker;
  }
}

const at = (tokens: Token[], i: number) => tokens[i] as Token;
const opens = (t: Token) => t.text === ">" || (isBullet(t.text) && t.class === Marker);

// markerLen returns how many of the tokens from i on are the list marker of a line.
function markerLen(tokens: Token[], i: number, first: boolean): number {
  const t = tokens[i];
  if (t === undefined) return 0;
  const text = (k: number) => at(tokens, i + k).text;
  // glued: token k of the line touches the one before it.
  const glued = (k: number) => {
    const next = tokens[i + k];
    return next !== undefined && next.breaks === 0 && next.start === at(tokens, i + k - 1).end;
  };
  let n: number;
  if (t.text === "-" || t.text === "*" || t.text === "+") n = 1;
  else if (t.text === "(" && glued(1) && ordinal(at(tokens, i + 1), first) && glued(2) && text(2) === ")") n = 3;
  else if (ordinal(t, first) && glued(1) && /^[.)\-:\]/]$/.test(text(1))) n = 2;
  else if (ordinal(t, first) && tokens[i + 1]?.breaks === 0 && text(1) === "-") n = 2;
  else return 0;
  if (!glued(n)) return n;
  const next = at(tokens, i + n);
  return next.class === Word && !/^[0-9]/.test(next.text) && mayTouch(tokens.slice(i, i + n)) ? n : 0;
}

// mayTouch reports whether the item may begin right after the marker.
function mayTouch(marker: Token[]): boolean {
  const last = at(marker, marker.length - 1).text;
  if (last === "-") return marker.length === 1;
  if (last === ".") return /^[0-9]/.test(at(marker, 0).text);
  return last === ")" || last === "]";
}

// ordinal reports whether t can number an item.
function ordinal(t: Token, first: boolean): boolean {
  if (/^[0-9]{1,3}$/.test(t.text) || /^[ivxIVX]{1,5}$/.test(t.text)) return true;
  const r = t.text.codePointAt(0) as number;
  const c = String.fromCodePoint(r);
  if (t.text === c + c && isLetter(r)) return true;
  return t.text === c && (first || (t.class === Word && classes()[r] !== cMark));
}
