// Words: what they are, how they are named and compared. Mirrors words.go and the
// helpers of classify.go and tolerance.go in internal/match.
import { classes, inWord, isNumber } from "../text/class.ts";
import { Blank, Hidden, Invisible, visibility, Word, type Token } from "../text/text.ts";

const set = (words: string) => new Set(words.split(" "));

const negations = set(
  "not no never none nor neither nobody nothing nowhere without cannot cant wont dont " +
    "ne n'est n'a n'ont n'était pas non jamais aucun aucune sans ni rien personne nul nulle " +
    "لا لم لن ليس ليست ليسوا لسنا غير دون بدون بلا عدم أبدا",
);
const monthNames = set(
  "january february march april may june july august september october november december " +
    "jan feb mar apr jun jul aug sep oct nov dec " +
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre " +
    "يناير فبراير مارس أبريل ابريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر " +
    "كانون شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين جانفي فيفري أفريل ماي جوان جويلية أوت شتنبر نونبر دجنبر غشت يوليوز " +
    "monday tuesday wednesday thursday friday saturday sunday " +
    "lundi mardi mercredi jeudi vendredi samedi dimanche " +
    "الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد",
);
const numberNames = set(
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen " +
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety " +
    "hundred hundreds thousand thousands million millions billion billions half dozen dozens " +
    "first third fourth fifth sixth seventh eighth ninth tenth twice " +
    "zéro deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize " +
    "vingt trente quarante cinquante soixante cent cents mille milliers milliards " +
    "premier première deuxième troisième quatrième cinquième " +
    "واحد واحدة اثنان اثنين اثنتان ثلاثة ثلاث أربعة أربع خمسة خمس ستة ست سبعة سبع ثمانية ثمان ثماني تسعة تسع عشرة عشر " +
    "عشرون عشرين ثلاثون ثلاثين أربعون أربعين خمسون خمسين مئة مائة مئتان ألف آلاف مليون ملايين مليار",
);

// lower is the simple mapping of each code point: a sigma is never final.
export function lower(s: string): string {
  if (/^[\x00-\x7f]*$/.test(s)) return s.toLowerCase();
  let out = "";
  for (const c of s) out += c === "İ" ? "i" : c.toLowerCase();
  return out;
}

const pick = (tokens: Token[], from: Set<string>) => {
  let s = "";
  for (const t of tokens) {
    const w = lower(t.text);
    if (from.has(w) && t.text !== "may") s += ` ${w}`; // the verb
  }
  return s;
};

export const months = (tokens: Token[]) => pick(tokens, monthNames);
export const numberWords = (tokens: Token[]) => pick(tokens, numberNames);

const negationCount = (tokens: Token[]) =>
  tokens.filter((t) => {
    const w = lower(t.text);
    return negations.has(w) || w.endsWith("n't");
  }).length;

const opposites = ["un", "in", "im", "il", "ir", "non", "dis"];

// negates reports whether a negation comes or goes among the words, or a word is
// turned into its opposite by a prefix.
export function negates(pub: Token[], cp: Token[]): boolean {
  if (negationCount(pub) !== negationCount(cp)) return true;
  if (pub.length !== cp.length) return false;
  return pub.some((t, i) => {
    const p = lower(t.text);
    const c = lower((cp[i] as Token).text);
    return opposites.some((x) => (bytes(p) > 3 && c === x + p) || (bytes(c) > 3 && p === x + c));
  });
}

// bytes is the length in UTF-8.
export function bytes(s: string): number {
  let n = s.length;
  for (let i = 0; i < s.length; i++) {
    const u = s.charCodeAt(i);
    if (u >= 0x80) n += u < 0x800 || (u >= 0xd800 && u <= 0xdfff) ? 1 : 2;
  }
  return n;
}

export const joined = (tokens: Token[]) => tokens.map((t) => t.text).join("");
export const tokenText = (tokens: Token[]) => tokens.map((t) => t.text).join(" ");

const first = (s: string) => s.codePointAt(0) as number;

// isWord reports whether the token is a word, whatever its place made of it.
export const isWord = (t: Token) => t.class !== Hidden && inWord(classes()[first(t.text)] as number);
export const countWords = (tokens: Token[]) => tokens.filter(isWord).length;

// numbers returns the digits of the tokens, each number after a space.
export function numbers(tokens: Token[]): string {
  let s = "";
  for (const t of tokens) {
    const chars = [...t.text];
    if (!chars.some((c) => isNumber(first(c)))) continue;
    s += ` ${chars.filter((c) => isNumber(first(c)) || c === "." || c === ",").join("")}`;
  }
  return s;
}

export const wordsOnly = (tokens: Token[]) => tokens.every((t) => t.class === Word);

// elided reports whether tokens are only a sign of omission: "...", "[...]".
export const elided = (tokens: Token[]) =>
  tokens.some((t) => t.text === "...") && tokens.every((t) => ["...", "[", "]", "(", ")", "."].includes(t.text));

export const isQuote = (s: string) => s === '"' || s === "'";
export const endsSentence = (s: string) => [".", "!", "?", ":", ";", "..."].includes(s);

// plainLetters folds mathematical letters and digits, which people use as bold.
export const plainLetters = (s: string) =>
  s.replace(/[\u{1d400}-\u{1d7ff}]/gu, (c) => String.fromCodePoint(first(c.normalize("NFKC"))));
export const withoutVowels = (s: string) => s.replace(/[\u064b-\u0652\u0670]/g, "");
export const arabicLetters = (s: string) => s.replace(/\u06cc/g, "\u064a").replace(/\u06a9/g, "\u0643");

// key is what of a token counts when two names are held against each other.
const key = (t: Token) =>
  !isWord(t) ? "" : /^[\x00-\x7f]*$/.test(t.text) ? t.text.toLowerCase() : lower(arabicLetters(withoutVowels(plainLetters(t.text))));
export const keys = (tokens: Token[]) => tokens.map(key);

// overlap is the Jaccard coefficient of two sets of words, given by their keys.
export function overlap(a: string[], b: string[]): number {
  const left = new Set(a.filter((w) => w !== ""));
  const right = new Set(b.filter((w) => w !== ""));
  let both = 0;
  for (const w of left) if (right.has(w)) both++;
  return both === 0 ? 0 : both / (left.size + right.size - both);
}

// visible shows characters that a reader does not see, as <U+202E>, and puts the text
// on one line.
export function visible(text: string): string {
  let s = "";
  let space = false;
  for (const c of text) {
    const v = visibility(first(c));
    if (v === Blank) {
      space = true;
      continue;
    }
    if (space) s += " ";
    s += v === Invisible ? `<U+${first(c).toString(16).toUpperCase().padStart(4, "0")}>` : c;
    space = false;
  }
  return s;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

// slice returns the bytes of tokens [from,to), on one line.
export const slice = (raw: Uint8Array, tokens: Token[], from: number, to: number) =>
  from >= to ? "" : visible(decoder.decode(raw.subarray((tokens[from] as Token).start, (tokens[to - 1] as Token).end)));

// lineStart returns the first token of the line of token i.
export function lineStart(tokens: Token[], i: number): number {
  while (i > 0 && (i === tokens.length || !starts(tokens, i))) i--;
  return i;
}

// lineEnd returns the end of the line that token i-1 is on.
export function lineEnd(tokens: Token[], i: number): number {
  while (i < tokens.length && !starts(tokens, i)) i++;
  return i;
}

// starts reports whether token i is the first one on its line.
export const starts = (tokens: Token[], i: number) => (tokens[i] as Token).breaks > 0;
