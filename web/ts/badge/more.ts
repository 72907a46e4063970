// What a badge does not need for its first state on a page in English: the other languages
// and states, and where the engine, the view of differences and the Ed25519 of browsers
// that have none are to be had, each held to its digest.
import ar from "../../messages/badge.ar.json";
import en from "../../messages/badge.en.json";
import fr from "../../messages/badge.fr.json";
import arMore from "../../messages/badge-more.ar.json";
import enMore from "../../messages/badge-more.en.json";
import frMore from "../../messages/badge-more.fr.json";
import type { Judgement } from "../lean/match.ts";
import { webCryptoEd25519 } from "../log/note.ts";
import type { Ask } from "./badge.ts";

// Set when this script is built.
declare const DIFFERENCE: string;
declare const DIFFERENCE_INTEGRITY: string;
declare const ED25519: string;
declare const ED25519_INTEGRITY: string;
declare const ENGINE: string;
declare const ENGINE_INTEGRITY: string;

export const messages = { en: { ...en, ...enMore }, fr: { ...fr, ...frMore }, ar: { ...ar, ...arMore } } as Record<string, typeof en & typeof enMore>;

export const looks = {
  excerpt: ["M6 5h12M6 19h12M8.5 12l2.5 2.5L16 9.5", "same"],
  altered: ["M5 9h14M5 15h14M16 4L8 20", "different"],
  unknown: ["M8.5 9a3.5 3.5 0 1 1 5.3 3c-1.3.8-1.8 1.4-1.8 2.8M12 18.6v.1", "open"],
};

// judge asks the engine.
export async function judge({ base, slug, genesis, article, badge, root, lang, signal, load }: Ask): Promise<Judgement> {
  const [engine, ed25519] = await Promise.all([
    load(ENGINE, ENGINE_INTEGRITY) as Promise<typeof import("./engine.ts")>,
    // A browser without Ed25519 throws; what it thinks of these zeros does not matter.
    webCryptoEd25519(new Uint8Array(32), new Uint8Array(64), new Uint8Array(0)).then(() => undefined, async () => (await (load(ED25519, ED25519_INTEGRITY) as Promise<typeof import("../ed25519/ed25519.ts")>)).verify),
  ]);
  const j = await engine.judge(base, slug, genesis, engine.walk(article, (e) => e === badge), signal, ed25519);
  if (j.state !== "altered" || !j.verdict) return j;
  const { view } = (await load(DIFFERENCE, DIFFERENCE_INTEGRITY)) as typeof import("./difference.ts");
  return { ...j, details: [view(j.verdict, messages[lang] as typeof en & typeof enMore, root)] };
}
