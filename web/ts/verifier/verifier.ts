// The portable verifier: one file that checks copies by itself, from wherever it was
// saved. It holds the trust file (log key and witness policy), and believes no service
// and no evidence pack that has another. Publications are pinned by what answers; their
// genesis fingerprints are shown to be compared. What it saw last it remembers, where the
// browser lets a file do so: an older state of the log is refused then.
import { verify } from "sijil-ed25519";
import ar from "../../messages/verifier.ar.json";
import en from "../../messages/verifier.en.json";
import fr from "../../messages/verifier.fr.json";
import verdictAr from "../../messages/verdict.ar.json";
import verdictEn from "../../messages/verdict.en.json";
import verdictFr from "../../messages/verdict.fr.json";
import { checkEvidence, indexOf, uncheckedFor } from "../evidence/check.ts";
import { EvidenceError } from "../evidence/evidence.ts";
import { ExtractError, read } from "../extract/extract.ts";
import * as office from "../extract/office.ts";
import { openArchive } from "../extract/zip.ts";
import { parseTrust, type Trust } from "../keys/policy.ts";
import { ed25519 } from "../log/ed25519.ts";
import { checkCopy, newUnchecked, type Copy, type Verdict } from "../match/match.ts";
import { h } from "../page/dom.ts";
import { Store } from "../page/memory.ts";
import { show, type Origin } from "../page/show.ts";
import { speak, type Catalogue } from "../page/words.ts";

interface Data {
  base: string;
  trust: { base_url: string; policy: string };
}
type Words = typeof en;
type Get = (path: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;

const catalogues: Record<string, [Words, Catalogue]> = { en: [en, verdictEn], fr: [fr, verdictFr], ar: [ar, verdictAr] };
const names: Record<string, string> = { en: "English", fr: "Français", ar: "العربية" };
const data = JSON.parse((document.getElementById("data") as HTMLElement).textContent) as Data;
const largest = 16 << 20; // bytes of one document
const patience = 9500; // milliseconds

// Files that are opened from a disk may share one storage: the log's key keeps what is
// remembered of different logs apart.
const store = new Store(`sijil:${/^log (\S+)/m.exec(data.trust.policy)?.[1] ?? ""}:`);

let words: Words = en;

const online = (signal: AbortSignal): Get => async (path) => {
  const res = await fetch(`${data.base}/${path}`, { signal, credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
  if (res.status === 404) return undefined;
  if (!res.ok) throw new Error(`${path}: the server answered ${res.status}`);
  const b = new Uint8Array(await res.arrayBuffer());
  if (b.length > largest) throw new EvidenceError("damaged-evidence", `${path}: is too large`);
  return b;
};

// packed reads an evidence pack: the files of one folder, from one archive.
function packed(file: Uint8Array): Get {
  const a = openArchive(file);
  const folder = /^[^/]*\//.exec([...a.names()][0] ?? "")?.[0] ?? "";
  return async (path) => (await a.part(folder + path)) as Uint8Array<ArrayBuffer> | undefined;
}

// pinned reads the trust file of what answers, which must be of this file's log.
async function pinned(get: Get, folder: boolean): Promise<Trust> {
  const b = await get(folder ? "trust.json" : "api/v1/trust.json");
  if (!b) throw new EvidenceError("damaged-evidence", "there is no trust file");
  const trust = await parseTrust(b);
  if ((JSON.parse(new TextDecoder().decode(b)) as Data["trust"]).policy !== data.trust.policy) throw new EvidenceError("log-misbehaved", words.policy);
  store.pin(trust);
  return trust;
}

// origin says what this file knows of where the evidence came from.
const origin = (pack: boolean): Origin => ({ service: data.base, notes: [pack ? "evidence_pack_used" : "evidence_here"], trust: "evidence_own" });

async function check(copy: Copy, pack: Uint8Array | undefined): Promise<HTMLElement> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  try {
    const get = pack ? packed(pack) : online(stop.signal);
    const trust = await pinned(get, pack !== undefined);
    const now = pack ? undefined : Date.now() / 1000;
    const o = { trust, ed25519: await ed25519(() => Promise.resolve(verify)) };
    const opened = await Promise.all([...trust.publications.keys()].map((slug) => store.open(get, { ...o, slug, ...(now === undefined ? { folder: true } : { now }) })));
    const index = indexOf(opened);
    const found = checkCopy(index, copy, "");
    const source = opened.find((p) => p.slug === found.publication) ?? opened[0];
    const verdict: Verdict = source ? checkEvidence(source, index, copy, "first-use", now) : found;
    return show(verdict, copy.text, source, origin(pack !== undefined));
  } catch (e) {
    const code = e instanceof ExtractError ? new EvidenceError("damaged-evidence", e.message) : e;
    return show(uncheckedFor("", code), copy.text, undefined, origin(pack !== undefined));
  } finally {
    clearTimeout(timer);
  }
}

async function bytesOf(input: HTMLInputElement): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const file = input.files?.[0];
  return file && new Uint8Array(await file.arrayBuffer());
}

// answer checks what the fields hold.
async function answer(text: HTMLTextAreaElement, file: HTMLInputElement, pack: HTMLInputElement): Promise<HTMLElement> {
  const bytes = (await bytesOf(file)) ?? new TextEncoder().encode(text.value.replace(/\r\n/g, "\n"));
  try {
    const what = await read(bytes, async () => office);
    if (!("copy" in what)) return h("p", { class: "note" }, words.service);
    return await check(what.copy, await bytesOf(pack));
  } catch (e) {
    return show(e instanceof ExtractError ? newUnchecked(e.code, e.message, e.hint) : newUnchecked("unreadable", "", ""), bytes, undefined, origin(false));
  }
}

// draw makes the page in a language.
function draw(lang: string): void {
  const [own, verdicts] = catalogues[lang] as [Words, Catalogue];
  words = own;
  speak(lang, verdicts);
  document.documentElement.lang = lang;
  document.documentElement.dir = lang === "ar" ? "rtl" : "ltr";
  document.title = `${own.heading} – Sijil`;
  const text = h("textarea", { id: "text", rows: "9", dir: "auto", spellcheck: "false", autocomplete: "off" }) as HTMLTextAreaElement;
  const file = h("input", { id: "file", type: "file" }) as HTMLInputElement;
  const pack = h("input", { id: "pack", type: "file", accept: ".zip,application/zip" }) as HTMLInputElement;
  const area = h("div", { id: "answer", "aria-live": "polite" });
  const form = h("form", { class: "check" },
    h("label", { for: "text" }, own.paste), text, h("label", { for: "file" }, own.file), file, h("label", { for: "pack" }, own.pack), pack,
    h("p", {}, h("button", { type: "submit" }, own.submit)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void answer(text, file, pack).then((shown) => {
      area.replaceChildren(shown);
      area.querySelector<HTMLElement>("[tabindex]")?.focus({ preventScroll: true });
      shown.scrollIntoView({ block: "start", behavior: "instant" });
    });
  });
  const tongues = Object.entries(names).map(([l, name]) => {
    const b = h("button", { type: "button", class: "plain", lang: l, ...(l === lang ? { "aria-current": "true" } : {}) }, name);
    b.addEventListener("click", () => draw(l));
    return h("li", {}, b);
  });
  const fill = (s: string) => s.replace("{{.log}}", new URL(data.base).host).replace("{{.host}}", new URL(data.base).host);
  document.body.replaceChildren(
    h("header", { class: "top" }, h("span", { class: "brand" }, "Sijil سجل"), h("ul", { class: "inline" }, ...tongues)),
    h("main", { id: "main" }, h("h1", {}, own.heading), h("p", { class: "lead" }, fill(own.lead)), !store.keep("file", "opened") && h("p", { class: "note" }, own.forgets), form, area,
      h("h2", {}, own.key), h("pre", { class: "command", dir: "ltr" }, data.trust.policy),
      h("p", { class: "fine" }, own.genuine), h("pre", { class: "command", dir: "ltr" }, "sijil verify-page verifier.html")),
    h("footer", {}, h("p", {}, own.true)));
}

draw(navigator.languages.map((l) => l.slice(0, 2)).find((l) => l in catalogues) ?? "en");
