// Bullets: filled ones are one, hollow ones another. Mirrors internal/text/bullets.go
// and sign.go.
import { Marker, type Span, type Token } from "./types.ts";

export const filledBullet = "•";
export const hollowBullet = "◦";

export const isBullet = (s: string) => s === filledBullet || s === hollowBullet;

// bulletOf returns the token that a bullet is.
export const bulletOf = (s: string) => ("□▫▷▹◇○◦◻◽".includes(s.charAt(0)) ? hollowBullet : filledBullet);

const marksItem = (t: Token) => t.class === Marker && isBullet(t.text);

// dropBullets returns the tokens without the bullets at line starts, and where those
// were.
export function dropBullets(tokens: Token[]): { tokens: Token[]; dropped: Span[] } {
  if (!tokens.some(marksItem)) return { tokens, dropped: [] };
  const kept: Token[] = [];
  const dropped: Span[] = [];
  let breaks = 0;
  let bulleted = false;
  for (const t of tokens) {
    breaks += t.breaks;
    if (t.breaks > 0) bulleted = false;
    if (marksItem(t)) {
      bulleted = true;
      dropped.push({ start: t.start, end: t.end });
      continue;
    }
    kept.push({ ...t, breaks: Math.min(breaks, 255), bulleted });
    breaks = 0;
    bulleted = false;
  }
  return { tokens: kept, dropped };
}
