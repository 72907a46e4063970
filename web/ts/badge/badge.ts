// <sijil-badge publication="river" genesis="sha256:…">: says whether the text of the page
// it stands on is the one that was published.
//
// It reads what the page shows (attribute selector; else article, main, body), fetches what
// proves the publication, and verifies it, there and then (lean/). What is not plainly one
// whole published text is for the engine, which it loads then, and whose digest is part of
// this script. Until then, and where anything fails, it shows no tick. A page can always
// draw a badge of its own: so every badge leads to the service, which looks for itself, and
// says where it leads.
import en from "../../messages/badge.en.json";
import { judgeLean } from "../lean/lean.ts";
import type { Judgement } from "../lean/match.ts";
import { pinned } from "../pin/pin.ts";
import { looks, type Looks } from "./looks.ts";

// Set when this script is built: the file with everything else, and its digest.
declare const MORE: string;
declare const MORE_INTEGRITY: string;

const { origin: base, host } = new URL(import.meta.url);
const patience = 8500; // milliseconds; with settle, under ten seconds
const settle = 800; // after the words last changed
const pause = 3000; // between looks at a page that changes elsewhere

type Words = Record<string, string>;
type More = typeof import("./more.ts");
let known: Pick<More, "looks" | "messages"> = { looks, messages: { en } };

// Canvas is the system's, light or dark as the theme is; each tone has a contrast of 3 with
// either.
const css = `:host{all:initial;display:inline-block;max-inline-size:100%;font:14px/1.4 system-ui,sans-serif;color-scheme:light dark}
*{box-sizing:border-box;max-inline-size:100%}a{display:inline-flex;gap:.65em;align-items:center;min-block-size:44px;padding:.45em .6em;border:2px solid var(--tone);border-radius:8px;background:var(--sijil-badge-background,Canvas);color:var(--sijil-badge-color,CanvasText);text-decoration:none}
svg{flex:none;inline-size:2em;padding:.3em;border:2px solid var(--tone);border-radius:50%;fill:none;stroke:var(--tone);stroke-width:2.6;stroke-linecap:round}
b,span{display:block}span{font-size:.85em;text-decoration:underline}
.same{--tone:#24864f}.different{--tone:#c2571c}.open{--tone:#68799b}.different svg{border-radius:4px}.open svg{border-style:dashed}
:host([size=small]){font-size:12.5px}:host([size=small]) span{display:none}:host([size=large]){font-size:17px}
:host([theme=dark]){color-scheme:dark}:host([theme=light]){color-scheme:light}@media(forced-colors:active){svg{stroke:LinkText}}`;

function make(name: string, attributes: Words, ...children: (Node | string)[]): Element {
  const e = document.createElementNS(`http://www.w3.org/${/svg|path/.test(name) ? "2000/svg" : "1999/xhtml"}`, name);
  for (const k in attributes) e.setAttribute(k, attributes[k] as string);
  e.append(...children);
  return e;
}

// more loads, once, what the first state of a page in English does not need.
let loading: Promise<More> | undefined;
const more = () => (loading ??= pinned<More>(new URL(MORE, import.meta.url).href, MORE_INTEGRITY).then((m) => (known = m)));

// Ask is what is asked of a page.
export interface Ask {
  base: string;
  slug: string;
  genesis: string;
  article: Element;
  badge: Element;
  root: ShadowRoot;
  lang: string;
  signal: AbortSignal;
}

class Badge extends HTMLElement {
  readonly #root = this.attachShadow({ mode: "closed" });
  // It stays while what it says changes, or no screen reader would say that.
  readonly #status = make("div", { role: "status" });
  #waiting = 0;
  #again = 0;
  #turn = 0;
  // What the page does to itself later is not what was checked.
  readonly #watch = new MutationObserver((list) => {
    const article = this.#article();
    if (list.some((m) => article.contains(m.target) && !this.contains(m.target))) this.#soon();
    // It may lie over the words now. What was shown stays until then.
    else this.#again ||= setTimeout(() => void this.#check(), pause);
  });

  connectedCallback(): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.append(this.#status);
    void this.#show({ state: "checking" });
    this.#watch.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    if (document.readyState === "complete") this.#soon();
    else addEventListener("load", () => this.#soon());
  }

  disconnectedCallback(): void {
    this.#watch.disconnect();
  }

  #article(): Element {
    return document.querySelector(this.getAttribute("selector") ?? "article") ?? document.querySelector("main") ?? document.body;
  }

  #soon(): void {
    this.#turn++;
    void this.#show({ state: "checking" });
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => void this.#check(), settle);
  }

  async #check(): Promise<void> {
    this.#again = 0;
    if (!this.isConnected) return;
    const turn = ++this.#turn;
    const signal = AbortSignal.timeout(patience);
    const late = new Promise<Judgement>((_, failed) => (signal.onabort = failed));
    const j = await Promise.race([this.#judge(signal), late]).catch(() => ({ state: "unchecked" }));
    if (turn === this.#turn) void this.#show(j);
  }

  async #judge(signal: AbortSignal): Promise<Judgement> {
    // In a frame, another page decides what the reader sees around and over this one.
    if (top !== self) throw 0;
    const ask: Ask = { base, slug: this.getAttribute("publication") as string, genesis: this.getAttribute("genesis") as string, article: this.#article(), badge: this, root: this.#root, lang: this.#lang(), signal };
    return judgeLean(ask).catch(async () => (await more()).judge(ask));
  }

  #lang(): string {
    return ["fr", "ar"].find((lang) => this.matches(`:lang(${lang})`)) ?? "en";
  }

  async #show({ state, version, latest, details = [] }: Judgement): Promise<void> {
    const lang = this.#lang();
    if (lang !== "en") await more().catch(() => undefined);
    const say = known.messages[lang] ?? en;
    const [d, tone] = known.looks[state] as Looks[""];
    const slug = this.getAttribute("publication");
    const href = `${base}/${lang}/${state === "superseded" ? `p/${slug}/compare/${version}/${latest}` : `check?publication=${slug}&url=${encodeURIComponent(location.href)}`}`;
    this.#status.replaceChildren(
      make("a", { href, class: tone, target: "_blank", lang, dir: "auto" },
        make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, make("path", { d })),
        make("div", {}, make("b", {}, (say as Words)[state] as string), make("span", {}, say.see.replace("{{.host}}", `\u2068${host}\u2069`)))),
      ...details,
    );
    this.dispatchEvent(new CustomEvent("sijil", { detail: state }));
  }
}

if (!customElements.get("sijil-badge")) customElements.define("sijil-badge", Badge);
