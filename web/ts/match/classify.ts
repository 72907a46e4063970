// Names the gravest thing that a change does. Mirrors internal/match/classify.go.
import { Hidden, type Token } from "../text/text.ts";
import { countWords, elided, endsSentence, isWord, joined, months, negates, numbers, numberWords, plainLetters } from "./word.ts";

const longPassage = 8; // words from which what comes or goes is an addition or an omission

// classify: before and after are the published tokens around the change; ownLines says
// that what comes or goes is whole lines, opens that the published text begins a line
// there.
export function classify(pub: Token[], cp: Token[], before: Token[], after: Token[], ownLines: boolean, opens: boolean): string {
  const pw = countWords(pub);
  const cw = countWords(cp);
  if ([...cp, ...pub].some((t) => t.class === Hidden)) return "hidden";
  if (lookalike(pub, cp)) return "lookalike";
  if ((pw > 0 && elided(cp)) || (cp.length === 0 && (pw >= longPassage || ownLines))) return "omission";
  if (pub.length === 0 && (cw >= longPassage || ownLines)) return "addition";
  if (negates(pub, cp)) return "negation";
  if (months(pub) !== months(cp)) return "date";
  if (numbers(pub) !== numbers(cp) || numberWords(pub) !== numberWords(cp)) return months(pub) !== "" || inDate(before, after) ? "date" : "number";
  if (pw === 0 && cw === 0) return "punctuation";
  const last = before[before.length - 1];
  return classifyWords(pub, cp, opens || !last || endsSentence(last.text));
}

// inDate reports whether a month is near: within three tokens, or before nothing but
// numbers and signs.
function inDate(before: Token[], after: Token[]): boolean {
  if (months(before.slice(-3)) !== "" || months(after.slice(0, 3)) !== "") return true;
  for (let i = before.length - 1; i >= 0; i--) {
    const t = before[i] as Token;
    if (isWord(t) && numbers([t]) === "") return months([t]) !== "";
  }
  return false;
}

// classifyWords tells apart how words differ; starts says that a sentence starts with
// them.
function classifyWords(pub: Token[], cp: Token[], starts: boolean): string {
  const p = joined(pub);
  const c = joined(cp);
  if (equalFold(p, c)) return "case";
  if (unaccented(p) === unaccented(c)) return "accent";
  if (sameSet(pub, cp)) return "order";
  return named(pub, starts) || named(cp, starts) ? "name" : "wording";
}

// equalFold compares under Unicode's simple case folding, as regular expressions do.
function equalFold(a: string, b: string): boolean {
  if ([...a].length !== [...b].length) return false;
  return new RegExp(`^${a.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}$`, "iu").test(b);
}

const unaccented = (s: string) => s.normalize("NFD").replace(/\p{Mn}/gu, "");

function sameSet(pub: Token[], cp: Token[]): boolean {
  if (pub.length !== cp.length || pub.length < 2) return false;
  const sorted = (t: Token[]) => t.map((x) => x.text).sort();
  const right = sorted(cp);
  return sorted(pub).every((x, i) => x === right[i]);
}

// named reports whether the words look like a name: capitals that no sentence start
// explains.
function named(tokens: Token[], starts: boolean): boolean {
  for (const t of tokens) {
    if (!isWord(t)) {
      starts ||= endsSentence(t.text);
      continue;
    }
    if (!starts && /^\p{Lu}/u.test(t.text)) return true;
    starts = false;
  }
  return false;
}

// lookalike reports whether some word of the copy looks like the published word and is
// written with letters of another script.
function lookalike(pub: Token[], cp: Token[]): boolean {
  if (pub.length !== cp.length) return false;
  return pub.some((t, i) => {
    const c = (cp[i] as Token).text;
    return t.text !== c && skeleton(t.text) === skeleton(c) && scripts(t.text) !== scripts(c);
  });
}

// Cyrillic, Greek, Armenian and Latin letters, and the ASCII ones they look like.
const from = [..."аеорсухіјѕһԁԛԝӏъАВЕЗКМНОРСТУХІЈЅԌԚԜҮαεικνορτυχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧոսցհօⅼıɡɑ"];
const to = "aeopcyxijshdqwlbABE3KMHOPCTYXIJSGQWYaeikvoptuxyABEZHIKMNOPTYXnugholiga";

// skeleton maps letters to the Latin ones that they look like.
function skeleton(s: string): string {
  let out = "";
  for (const c of plainLetters(s)) {
    const r = c.codePointAt(0) as number;
    const i = from.indexOf(c);
    out += r >= 0xff01 && r <= 0xff5e ? String.fromCharCode(r - 0xff01 + 33) : i >= 0 ? to.charAt(i) : c;
  }
  return out;
}

const families: [string, RegExp][] = [
  ["L", /\p{Script=Latin}/u], ["C", /\p{Script=Cyrillic}/u], ["G", /\p{Script=Greek}/u], ["A", /\p{Script=Armenian}/u],
];

// scripts returns which scripts the letters of s are of.
function scripts(s: string): string {
  const letters = [...s].filter((c) => (c.codePointAt(0) as number) < 0xff00 && !"ıɡɑ".includes(c)).join("");
  return families.filter(([, re]) => re.test(letters)).map(([name]) => name).join("");
}
