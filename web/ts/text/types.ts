// What the canonical form of a text consists of. Mirrors the types of internal/text,
// whose description is docs/formats/text.md. Offsets are in bytes of UTF-8.

export const Edition = "sijil-text/1";
export const Edition0 = "sijil-text/0"; // records name it: readable for ever

export const MaxBytes = 5 << 20;
export const MaxTokens = 1 << 20;
export const MaxMarks = 8;
export const MaxWarnings = 100;

// The classes of a token.
export const Word = 0;
export const Punctuation = 1;
export const Marker = 2;
export const Bullet = 3;
export const Hidden = 4;

export interface Token {
  text: string; // canonical
  start: number;
  end: number;
  class: number;
  breaks: number; // line ends before it, at most 255
  bulleted: boolean; // a bullet was dropped before it on its line
}

export interface Warning {
  code: string;
  at: number;
  detail: string;
}

export interface Form {
  tokens: Token[];
  warnings: Warning[];
}

export interface Span {
  start: number;
  end: number;
}

// InputError says why an input has no canonical form, and where.
export class InputError extends Error {
  code: string;
  at: number;
  rule: string;
  constructor(code: string, at: number, rule: string) {
    super(code === "empty" || code === "too-large" ? `text: ${rule}` : `text: byte ${at}: ${rule}`);
    this.code = code;
    this.at = at;
    this.rule = rule;
  }
}
