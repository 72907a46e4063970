// <sijil-badge publication="river" genesis="sha256:…">: says whether the text of the page
// it stands on is the one that was published.
//
// It reads what the page shows (attribute selector; else article, main, body), loads the
// engine, whose digest is part of this script, and shows what that computed, there and
// then. Until then, and where anything fails, it shows no tick. A page can always draw a
// badge of its own: so every badge leads to the service, which looks for itself, and says
// where it leads.
import ar from "../../messages/badge.ar.json";
import en from "../../messages/badge.en.json";
import fr from "../../messages/badge.fr.json";
import { walk } from "../extract/live.ts";
import { pinned } from "../pin/pin.ts";
import type { Judgement, State } from "./engine.ts";

// Set when this script is built: the engine's file and its digest.
declare const ENGINE: string;
declare const ENGINE_INTEGRITY: string;

const base = new URL(import.meta.url).origin;
const engine = new URL(ENGINE, import.meta.url).href;
const patience = 10_000; // milliseconds
const settle = 800; // after the words last changed
const pause = 3000; // between looks at a page that changes elsewhere

type Shown = State | "checking";
const messages: Record<string, Record<Shown | "see" | "asof", string>> = { en, fr, ar };

// The drawing and the colours of a state. None but the first three has a tick.
const looks: Record<Shown, [path: string, tone: string]> = {
  authentic: ["M5 12.5l4.5 4.5L19 7.5", "same"],
  excerpt: ["M6 5h12M6 19h12M8.5 12l2.5 2.5L16 9.5", "same"],
  superseded: ["M12 6v6l4 2.5M4 12a8 8 0 1 0 2.5-5.8M4 4v4h4", "open"],
  retracted: ["M6 6l12 12M18 6L6 18", "different"],
  altered: ["M5 9h14M5 15h14M16 4L8 20", "different"],
  unknown: ["M8.5 9a3.5 3.5 0 1 1 5.3 3c-1.3.8-1.8 1.4-1.8 2.8M12 18.6v.1", "open"],
  unchecked: ["M12 4v10.5M12 19.4v.1", "open"],
  checking: ["M6 12h.1M12 12h.1M18 12h.1", "open"],
};

const css = `:host{all:initial;display:inline-block;max-inline-size:100%;font:400 14px/1.4 system-ui,sans-serif;--ink:#1d1c1a;--ground:#fff;--soft:#5a5852;--same:#176338;--different:#98390b;--open:#3f4c63}
a{display:inline-flex;gap:.65em;align-items:center;box-sizing:border-box;max-inline-size:100%;min-block-size:44px;padding:.45em .9em .45em .6em;border:1.5px solid var(--tone);border-radius:8px;background:var(--sijil-badge-background,var(--ground));color:var(--sijil-badge-color,var(--ink));text-decoration:none;text-align:start}
a:hover span+span{text-decoration:underline}a:focus-visible{outline:3px solid var(--tone);outline-offset:2px}
svg{flex:none;inline-size:2em;block-size:2em;padding:.3em;box-sizing:border-box;border:2px solid var(--tone);border-radius:50%;fill:none;stroke:var(--tone);stroke-width:2.6;stroke-linecap:round;stroke-linejoin:round}
b,span{display:block}b{font-weight:600}span{font-size:.85em;color:var(--soft)}
.same{--tone:var(--same)}.different{--tone:var(--different)}.open{--tone:var(--open)}.different svg{border-radius:4px}.open svg{border-style:dashed}
:host([size=small]){font-size:12.5px}:host([size=small]) .more{display:none}:host([size=large]){font-size:17px}
:host([theme=dark]){--ink:#e9e7e1;--ground:#1f2022;--soft:#aaa79f;--same:#8ad3a6;--different:#f2ab83;--open:#b3c2dc}
@media(prefers-color-scheme:dark){:host(:not([theme=light])){--ink:#e9e7e1;--ground:#1f2022;--soft:#aaa79f;--same:#8ad3a6;--different:#f2ab83;--open:#b3c2dc}}
@media(forced-colors:active){a,svg{border-color:LinkText}svg{stroke:LinkText}}
@media print{a{background:#fff;color:#000}}`;

function make(name: string, attributes: Record<string, string>, ...children: (Node | string)[]): Element {
  const e = /svg|path/.test(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

// load fetches the engine once.
type Engine = typeof import("./engine.ts");
let loading: Promise<Engine> | undefined;
const load = () => (loading ??= pinned<Engine>(engine, ENGINE_INTEGRITY));

class Badge extends HTMLElement {
  readonly #root = this.attachShadow({ mode: "closed" });
  #waiting = 0;
  #again = 0;
  #turn = 0;
  #watch: MutationObserver | undefined;

  connectedCallback(): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    this.#root.adoptedStyleSheets = [sheet];
    this.#show("checking");
    // What the page does to itself later is not what was checked.
    this.#watch = new MutationObserver((list) => {
      const article = this.#article();
      if (list.some((m) => article.contains(m.target) && !this.contains(m.target))) this.#soon();
      else this.#later();
    });
    this.#watch.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    if (document.readyState === "complete") this.#soon();
    else addEventListener("load", () => this.#soon(), { once: true });
  }

  disconnectedCallback(): void {
    this.#watch?.disconnect();
    clearTimeout(this.#waiting);
    clearTimeout(this.#again);
    this.#again = 0;
    this.#turn++;
  }

  #article(): Element {
    return document.querySelector(this.getAttribute("selector") ?? "article") ?? document.querySelector("main") ?? document.body;
  }

  // later looks again when something changed elsewhere on the page: it may lie over the
  // words now. What was shown stays until then.
  #later(): void {
    if (this.#again) return;
    this.#again = setTimeout(() => {
      this.#again = 0;
      void this.#check();
    }, pause);
  }

  #soon(): void {
    this.#turn++;
    this.#show("checking");
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => void this.#check(), settle);
  }

  async #check(): Promise<void> {
    const turn = ++this.#turn;
    const stop = new AbortController();
    const late = new Promise<Judgement>((resolve) =>
      setTimeout(() => {
        stop.abort();
        resolve({ state: "unchecked", version: 0, latest: 0 });
      }, patience),
    );
    const j = await Promise.race([this.#judge(stop.signal), late]);
    if (turn === this.#turn) this.#show(j.state, j);
  }

  async #judge(signal: AbortSignal): Promise<Judgement> {
    try {
      // In a frame, another page decides what the reader sees around and over this one.
      if (top !== self) throw new Error("in a frame");
      const { judge } = await load();
      return await judge(base, this.getAttribute("publication") ?? "", this.getAttribute("genesis") ?? "", walk(this.#article(), (e) => e === this), signal);
    } catch {
      return { state: "unchecked", version: 0, latest: 0 };
    }
  }

  #show(state: Shown, j?: Judgement): void {
    const lang = [this.getAttribute("lang"), this.closest("[lang]")?.getAttribute("lang"), "en"].map((l) => (l ?? "").slice(0, 2)).find((l) => l in messages) as string;
    const say = messages[lang] as Record<Shown | "see" | "asof", string>;
    const [path, tone] = looks[state];
    const slug = this.getAttribute("publication") ?? "";
    const href = j && state === "superseded" ? `${base}/${lang}/p/${slug}/compare/${j.version}/${j.latest}` : `${base}/${lang}/check?publication=${encodeURIComponent(slug)}&url=${encodeURIComponent(location.href)}`;
    const words = make("div", {}, make("b", {}, say[state]), make("span", { class: "more" }, say.see.replace("{{.host}}", `\u2068${new URL(base).host}\u2069`)));
    const time = new Intl.DateTimeFormat(`${lang}-u-nu-latn`, { timeStyle: "short", dateStyle: "medium" }).format(new Date());
    const title = j && state !== "unchecked" ? say.asof.replace("{{.time}}", time) : "";
    const drawing = make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, make("path", { d: path }));
    const link = make("a", { href, class: tone, title, rel: "noopener", target: "_blank", lang, dir: lang === "ar" ? "rtl" : "ltr" }, drawing, words);
    this.#root.replaceChildren(make("div", { role: "status" }, link));
    this.dispatchEvent(new CustomEvent("sijil", { detail: state }));
  }
}

if (!customElements.get("sijil-badge")) customElements.define("sijil-badge", Badge);
