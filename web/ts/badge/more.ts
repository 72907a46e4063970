// What a badge does not need for its first state on a page in English: the other languages
// and states, and where the engine and the view of differences are to be had, each held to its
// digest.
import ar from "../../messages/badge.ar.json";
import en from "../../messages/badge.en.json";
import fr from "../../messages/badge.fr.json";
import arMore from "../../messages/badge-more.ar.json";
import enMore from "../../messages/badge-more.en.json";
import frMore from "../../messages/badge-more.fr.json";
import type { Judgement } from "../lean/match.ts";
import { pinned } from "../pin/pin.ts";
import type { Ask } from "./badge.ts";
import { looks as first, type Looks } from "./looks.ts";

// Set when this script is built.
declare const DIFFERENCE: string;
declare const DIFFERENCE_INTEGRITY: string;
declare const ENGINE: string;
declare const ENGINE_INTEGRITY: string;

export const messages = { en: { ...en, ...enMore }, fr: { ...fr, ...frMore }, ar: { ...ar, ...arMore } } as Record<string, typeof en>;

export const looks: Looks = {
  ...first,
  excerpt: ["M6 5h12M6 19h12M8.5 12l2.5 2.5L16 9.5", "same"],
  altered: ["M5 9h14M5 15h14M16 4L8 20", "different"],
  unknown: ["M8.5 9a3.5 3.5 0 1 1 5.3 3c-1.3.8-1.8 1.4-1.8 2.8M12 18.6v.1", "open"],
};

// load fetches a script once.
const loading: Record<string, Promise<unknown>> = {};
const load = (file: string, integrity: string) => (loading[file] ??= pinned(new URL(file, import.meta.url).href, integrity));

// judge asks the engine.
export async function judge({ base, slug, genesis, article, badge, root, lang, signal }: Ask): Promise<Judgement> {
  const engine = (await load(ENGINE, ENGINE_INTEGRITY)) as typeof import("./engine.ts");
  const j = await engine.judge(base, slug, genesis, engine.walk(article, (e) => e === badge, engine.canvas(root)), signal);
  if (j.state !== "altered" || !j.verdict) return j;
  const { view } = (await load(DIFFERENCE, DIFFERENCE_INTEGRITY)) as typeof import("./difference.ts");
  return { ...j, details: [view(j.verdict, messages[lang] as typeof en & typeof enMore, root)] };
}
