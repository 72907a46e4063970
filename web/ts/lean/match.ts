// Says of a plain text what it is, where that is plain: one whole published text, alone, or
// with a few short lines above it and exactly its version's list below it. Everything else
// throws, and is the engine's to judge, which says the same of what passes here:
// docs/decisions/0013-pages.md has the argument, and internal/match's test the trial.
import { distinct, need, type Edition } from "./evidence.ts";
import { flat, plainForm, type Plain } from "./text.ts";

export interface Judgement {
  state: string;
  version?: number;
  latest?: number;
  details?: Element[]; // what the engine adds
}

// grams are the four tokens from each on.
const grams = (s: string) => {
  const w = s.split(" ");
  return w.slice(4).map((_, i) => w.slice(i + 1, i + 5).join(" "));
};

export function judge(editions: Edition[], copied: string): Judgement {
  need(copied.length < 1e5);
  const c = plainForm(copied);
  const lines = c[1];
  const whole = flat(c);
  const first = (fits: (p: Plain) => boolean) => {
    const found = editions.filter((e) => e.texts.some(fits));
    return found.findLast((e) => !e.retracted) ?? found.at(-1);
  };
  let e = first(([canonical]) => canonical === c[0]);
  if (!e) {
    // Texts that share no four tokens with the copy are not held against it.
    const seen = new Set(grams(whole));
    const near = editions.flatMap((x) => x.texts).filter((p) => grams(flat(p)).some((g) => seen.has(g)));
    need(near[0] && near.length < 20);
    const t = flat(near[0]);
    const at = `${whole} `.indexOf(`${t} `);
    const end = at + t.length;
    // What of another text there is could explain more of the copy. A bullet makes an item
    // of what is none.
    need(at >= 0 && near.every((p) => flat(p) === t && ![...p[1]].some((x, i) => x === " " && /[\v\r]/.test(lines[at + i] as string))));
    e = first((p) => flat(p) === t) as Edition;
    need(t === whole || (lines[at] !== " " && beside(e, whole.slice(0, at), lines.slice(end))));
  }
  return { state: e.retracted ? "retracted" : e.number < editions.length ? "superseded" : "authentic", version: e.number, latest: editions.length };
}

// beside reports whether what stands above and below a whole text belongs there: a few
// words, and exactly the version's list with its place and date.
function beside({ names, places }: Edition, above: string, below: string): boolean {
  const entries = [...places, ...names];
  const left = new Set(below && names);
  let [heading, place, gaps] = ["", !places.length, ""];
  if (above.split(" ").length > 16 || entries.length > 2000 || !distinct(entries) || entries.some((n) => `${above} `.includes(`${n} `))) return false;
  while (below) {
    const [entry] = entries
      .filter((n) => below[0] !== " " && below.slice(1, n.length).replace(/\n/g, " ") === n.slice(1) && /\s|^$/.test(below[n.length] ?? ""))
      .sort((a, b) => b.length - a.length);
    if (!entry) {
      // A line of words may be the list's heading.
      if (heading || gaps) return false;
      [heading = ""] = /^[\n\f]\p{L}{6,}( \p{L}+){0,9}( :)?(?=\s)/u.exec(below) ?? [];
      if (!heading) return false;
    } else if (places.includes(entry)) place = true;
    else {
      left.delete(entry);
      gaps += below[0];
    }
    below = below.slice((entry ?? heading).length);
  }
  // A heading stands further from the list than names from each other, or it could be one.
  // Words that could be another place and date are the engine's.
  return !left.size && (!heading || /^\f\n*$/.test(gaps)) && (place || !(heading || above));
}
