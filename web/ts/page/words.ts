// What the page says, from the catalogue of its language: a flat object from id to a
// string, or to its plural forms, with values in double braces.

type Message = string | Record<string, string>;
export type Catalogue = Record<string, Message>;

let catalogue: Catalogue = {};
let language = "en";

// speak sets what is said from now on.
export function speak(lang: string, messages: Catalogue): void {
  language = lang;
  catalogue = messages;
}

let learning: Promise<void> | undefined;

// learn fetches the catalogue that the page names, once.
export function learn(): Promise<void> {
  learning ??= (async () => {
    const address = document.querySelector<HTMLMetaElement>("meta[name=sijil-words]")?.content ?? "";
    const res = await fetch(address);
    if (!res.ok) throw new Error(`messages: ${res.status}`);
    speak(document.documentElement.lang, (await res.json()) as Catalogue);
  })();
  learning.catch(() => (learning = undefined));
  return learning;
}

// find returns a message with its values; undefined where there is none. The value
// named count chooses the plural form.
export function find(id: string, values: Record<string, string | number> = {}): string | undefined {
  const m = catalogue[id];
  const s = typeof m === "object" ? (m[new Intl.PluralRules(language).select(Number(values["count"]))] ?? m["other"]) : m;
  return s?.replace(/\{\{\.(\w+)\}\}/g, (_, name: string) => String(values[name] ?? ""));
}

export const say = (id: string, values: Record<string, string | number> = {}) => find(id, values) ?? id;

// instant writes a time for people, in Latin digits, and day its day alone.
export const instant = (iso: string) => written(iso, { dateStyle: "long", timeStyle: "short", hourCycle: "h23" }, " UTC");
export const day = (iso: string) => written(iso, { dateStyle: "long" }, "");

function written(iso: string, form: Intl.DateTimeFormatOptions, after: string): string {
  const t = new Date(iso);
  return isNaN(t.getTime()) ? iso : new Intl.DateTimeFormat(`${language === "en" ? "en-GB" : language}-u-nu-latn`, { ...form, timeZone: "UTC" }).format(t) + after;
}
