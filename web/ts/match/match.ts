// Compares a copy with the published versions of a few publications and says what it
// is. Mirrors internal/match, whose index for very many texts is not needed here: all
// texts that are put in are held against the copy.
import { canonical, InputError, MaxBytes, parse, dropBullets, type Span, type Token, type Warning } from "../text/text.ts";
import { bulletsBefore, count, newCopied, startsItem, withoutEmphasis, type Bullets, type Copied, type Doubt } from "./copied.ts";
import { candidates, compareStored, compareVersions, equally, evaluate, nameVersion, usesSigns, verdictOf, type Candidate } from "./evaluate.ts";
import { newNameList, type PublishedName } from "./list.ts";
import type { Ref, Stored, VersionEntry } from "./stored.ts";
import { hints, newUnchecked, newVerdict, unknown, type Verdict } from "./verdict.ts";
import { countWords, lineEnd, lineStart, starts } from "./word.ts";

export * from "./verdict.ts";
export type { PublishedName } from "./list.ts";

// Version is one published edition.
export interface Version {
  number: number; // from 1
  texts: Map<string, Uint8Array>; // language → bytes of text.<lang>.txt
  placeDate: string;
  names: PublishedName[];
  retracted: boolean;
}

export interface Publication {
  slug: string;
  genesis: string;
  versions: Version[];
}

// Index holds publications.
export interface Index {
  slugs: Set<string>;
  texts: Stored[];
}

// Passage is a range of the copy's bytes.
export interface Passage {
  at: number;
  end: number;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

// newIndex prepares publications. It throws where one breaks the rules, which the
// verification of its records excludes.
export function newIndex(publications: Publication[]): Index {
  const x: Index = { slugs: new Set(), texts: [] };
  for (const p of publications) {
    x.slugs.add(p.slug);
    const stored = new Map<string, Stored>();
    const latest = Math.max(...p.versions.map((v) => v.number));
    for (const v of p.versions) {
      const entry: VersionEntry = {
        slug: p.slug, genesis: p.genesis, number: v.number, latest: () => latest, retracted: v.retracted,
        texts: new Map(), list: newNameList(v.names, v.placeDate),
      };
      for (const lang of [...v.texts.keys()].sort()) {
        const raw = v.texts.get(lang) as Uint8Array;
        const text = decoder.decode(raw);
        let s = stored.get(text);
        if (!s) stored.set(text, (s = store(raw, text)));
        s.refs.push({ version: entry, lang });
        entry.texts.set(lang, s);
      }
    }
    x.texts.push(...[...stored.values()].sort(compareStored));
  }
  return x;
}

function store(raw: Uint8Array, text: string): Stored {
  const form = parse(raw);
  const { tokens, dropped } = dropBullets(form.tokens);
  return { raw, text, canon: canonical(form), bare: joinTokens(tokens), tokens, bullets: bulletsBefore(tokens, dropped), refs: [] };
}

const joinTokens = (tokens: Token[]) => tokens.map((t) => t.text).join(" ");

// check says what a text is, among the versions of a publication, or of all when slug
// is empty. It never throws: input that cannot be read has the verdict unchecked.
export function check(x: Index, copied: Uint8Array, slug: string): Verdict {
  return checkPassages(x, copied, slug).verdict;
}

// checkPassages is check; it also returns which bytes of the copy the verdict rests on.
export function checkPassages(x: Index, copied: Uint8Array, slug: string): { verdict: Verdict; passages: Passage[] } {
  const identical = checkIdentical(x, copied, slug);
  const whole = [{ at: 0, end: copied.length }];
  if (identical) return { verdict: identical, passages: whole };
  try {
    const form = parse(copied);
    const found = checkForm(x, copied, form.tokens, canonical(form), slug, whole);
    found.verdict.warnings.push(...form.warnings);
    return found;
  } catch (e) {
    if (!(e instanceof InputError)) throw e;
    return { verdict: newUnchecked(e.code, e.message, hints[e.code] ?? ""), passages: [] };
  }
}

function refsOf(x: Index, slug: string, has: (s: Stored) => boolean): Ref[] {
  return x.texts.filter(has).flatMap((s) => s.refs.filter((r) => slug === "" || r.version.slug === slug));
}

function checkIdentical(x: Index, copied: Uint8Array, slug: string): Verdict | undefined {
  if (copied.length > MaxBytes) return undefined;
  const same = (s: Stored) => s.raw.length === copied.length && s.raw.every((b, i) => b === copied[i]);
  const refs = refsOf(x, slug, same);
  return refs.length > 0 ? exact("identical", refs) : undefined;
}

function checkForm(x: Index, raw: Uint8Array, all: Token[], canon: string, slug: string, whole: Passage[]): { verdict: Verdict; passages: Passage[] } {
  const refs = refsOf(x, slug, (s) => s.canon === canon);
  if (refs.length > 0) return { verdict: exact("authentic", refs), passages: whole };
  const { tokens, dropped } = dropBullets(all);
  const bare = checkBare(x, tokens, dropped, slug);
  if (bare) return { verdict: bare, passages: whole };
  return compare(x, newCopied(raw, tokens, dropped), slug);
}

// checkBare is for copies that differ from a published text in bullets alone, and in
// none that could make an item of what is none.
function checkBare(x: Index, tokens: Token[], dropped: Span[], slug: string): Verdict | undefined {
  const bare = joinTokens(tokens);
  const bullets = bulletsBefore(tokens, dropped);
  let refs = refsOf(x, slug, (s) => s.bare !== s.canon && s.bare === bare);
  if (dropped.length > 0) refs.push(...refsOf(x, slug, (s) => s.canon === bare)); // else it was looked up already
  refs = refs.filter((r) => sameBut(r, bullets).same);
  if (refs.length === 0) return undefined;
  const v = exact("authentic", refs);
  if (sameBut(refs[0] as Ref, bullets).other) v.tolerances.push("list-markers"); // the best is first now
  return v;
}

// sameBut reports whether a published text and the copy, whose tokens are equal, differ
// in presentation alone, and whether in bullets.
function sameBut(r: Ref, bullets: Bullets): { same: boolean; other: boolean } {
  const d = r.version.texts.get(r.lang) as Stored;
  let other = false;
  for (let i = 0; i < d.tokens.length; i++) {
    if (count(bullets, i) > 0 && !startsItem(d.tokens, i)) return { same: false, other: false };
    other ||= count(bullets, i) !== count(d.bullets, i);
  }
  return { same: true, other };
}

// compare is for copies that are no published text alone.
function compare(x: Index, c: Copied, slug: string): { verdict: Verdict; passages: Passage[] } {
  const none = (code: string) => ({ verdict: unknown(code), passages: [] });
  if (slug !== "" && !x.slugs.has(slug)) return none("no-publication");
  const texts = x.texts.filter((s) => slug === "" || (s.refs[0] as Ref).version.slug === slug);
  let docs = candidates(c, texts);
  if (c.emph.size > 0 && !usesSigns(docs)) {
    const plain = withoutEmphasis(c);
    if (plain) {
      c = plain;
      docs = candidates(c, texts);
    }
  }
  if (docs.length === 0) return none("no-record");
  const [best, ...others] = evaluate(c, docs);
  if (!best) return none("not-similar");
  const v = verdictOf(best, c);
  if (v.verdict === "excerpt" && !quotable(best)) return none("too-short");
  for (const k of others) if (equally(best, k) === 0) also(v, k.version);
  const passages = passagesOf(best, c);
  doubt(v, c.doubts, c.raw.length, passages);
  return { verdict: v, passages };
}

// passagesOf returns the bytes of the copy that are the text, the list or the place and
// date, with the lines that they touch.
function passagesOf(k: Candidate, c: Copied): Passage[] {
  return [...k.parts.map((a) => ({ from: a.c0, to: a.c1 })), ...k.list.seen].map(({ from, to }) => ({
    at: (c.tokens[lineStart(c.tokens, from)] as Token).start,
    end: (c.tokens[lineEnd(c.tokens, to) - 1] as Token).end,
  }));
}

const minWords = 8; // make an excerpt that is no whole line of the text

// quotable reports whether what the copy has of the text is long enough to call it an
// excerpt: a whole paragraph or item, or minWords words.
function quotable(k: Candidate): boolean {
  const a = k.parts[0];
  if (!a) return false;
  const pub = a.d.tokens;
  if (countWords(pub.slice(a.omitHead, a.omitTail)) >= minWords) return true;
  for (let i = a.omitHead; i < a.omitTail; i++) if (starts(pub, i) && lineEnd(pub, i + 1) <= a.omitTail) return true;
  return false;
}

// exact is the verdict on a copy that is one whole published text without a list. It
// orders refs, the best first.
function exact(headline: string, refs: Ref[]): Verdict {
  refs.sort((a, b) => compareVersions(a.version, b.version));
  const best = refs[0] as Ref;
  const v = newVerdict(headline);
  v.similarity = 1;
  nameVersion(v, best.version);
  v.languages.push(best.lang);
  for (const r of refs) if (r.version !== best.version) also(v, r.version);
  return v;
}

function also(v: Verdict, w: VersionEntry): void {
  if (!v.also_matches.some((r) => r.publication === w.slug && r.genesis === w.genesis && r.version === w.number)) {
    v.also_matches.push({ publication: w.slug, genesis: w.genesis, version: w.number });
  }
}

// Copy is what was extracted from a file.
export interface Copy {
  form: string;
  text: Uint8Array;
  file?: Uint8Array; // the file itself where it is text too
  warnings: Warning[];
  doubts: Doubt[];
}

// checkCopy says what a file is of which c was extracted. Where the file may show a
// reader something else than c says, the verdict is unchecked. Mirrors file.go.
export function checkCopy(x: Index, c: Copy, slug: string): Verdict {
  const published = c.file && checkPublished(x, c.file, slug);
  if (published) return published;
  const { verdict: v, passages } = checkPassages(x, c.text, slug);
  if (c.form !== "text" && v.verdict === "identical") v.verdict = "authentic"; // the file's own bytes are others
  doubt(v, c.doubts, c.text.length, passages);
  v.warnings.push(...c.warnings);
  return v;
}

function checkPublished(x: Index, file: Uint8Array, slug: string): Verdict | undefined {
  const identical = checkIdentical(x, file, slug);
  if (identical) return identical;
  try {
    const form = parse(file);
    const canon = canonical(form);
    const refs = refsOf(x, slug, (s) => s.canon === canon);
    if (refs.length === 0) return undefined;
    const v = exact("authentic", refs);
    v.warnings.push(...form.warnings);
    return v;
  } catch (e) {
    if (e instanceof InputError) return undefined;
    throw e;
  }
}

// doubt makes the verdict unchecked where it rests on a passage that may be shown otherwise
// than the copy, of size bytes, has it.
function doubt(v: Verdict, doubts: Doubt[], size: number, passages: Passage[]): void {
  const d = doubted(v, doubts, size, passages);
  if (!d) return;
  v.verdict = "unchecked";
  v.reason = {
    code: "hidden-content", detail: `a reader of this file may see something else than it says at byte ${d.at}: ${d.detail}`,
    hint: hints["hidden-content"] as string,
  };
}

// doubted returns the first doubt on which the verdict rests.
function doubted(v: Verdict, doubts: Doubt[], size: number, passages: Passage[]): Doubt | undefined {
  if (doubts.length === 0 || v.verdict === "unchecked") return undefined;
  if (v.verdict === "unknown") {
    // What is shown may be a registered text, if most of it is in doubt.
    return 2 * doubts.reduce((n, d) => n + d.end - d.at, 0) >= size ? doubts[0] : undefined;
  }
  if (v.verdict === "altered" && sureChange(v, doubts)) return undefined;
  return doubts.find((d) => passages.some((s) => (d.at < s.end && s.at < d.end) || (d.at === d.end && d.at >= s.at && d.at <= s.end)));
}

// sureChange reports whether words were changed or added outside all doubts.
function sureChange(v: Verdict, doubts: Doubt[]): boolean {
  const sure = (at: number, copied: string) => {
    const n = Math.max(1, new TextEncoder().encode(copied).length);
    return copied !== "" && !doubts.some((d) => at < d.end && d.at < at + n);
  };
  return (
    v.changes.some((ch) => ch.op !== "move" && sure(ch.at, ch.copy)) ||
    v.signatories.added.some((n) => sure(n.at, n.name)) || v.signatories.changed.some((n) => sure(n.at, n.copy))
  );
}
