// Decides what a badge may say of the words that its page shows: the evidence of the
// publication is fetched from the service and verified here, document by document, and
// compared. Nothing about the page or its reader is sent, nothing is stored.
import { checkEvidence, indexOf } from "../evidence/check.ts";
import { openPublication } from "../evidence/evidence.ts";
import { parseTrust } from "../keys/policy.ts";
import type { Copy, Verdict } from "../match/match.ts";
import { pinnedEd25519 } from "../pin/ed25519.ts";

export { canvas, walk } from "../extract/live.ts";

export interface Judged {
  state: string; // as docs/embed.md has them
  version: number;
  latest: number;
  verdict?: Verdict; // none for what could not be checked
}

const largest = 16 << 20; // bytes of one document

// judge never throws: what cannot be checked is unchecked.
export async function judge(base: string, slug: string, genesis: string, copy: Copy, signal: AbortSignal): Promise<Judged> {
  const get = async (path: string) => {
    const res = await fetch(`${base}/${path}`, { signal, credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
    if (res.status === 404) return undefined;
    if (!res.ok) throw new Error(String(res.status));
    const b = new Uint8Array(await res.arrayBuffer());
    if (b.length > largest) throw new Error("too large");
    return b;
  };
  try {
    const file = await get("api/v1/trust.json");
    if (!file) throw new Error("no trust file");
    const trust = await parseTrust(file);
    if (trust.publications.get(slug) !== genesis) throw new Error("another publication");
    const now = Date.now() / 1000;
    const p = await openPublication(get, { trust, slug, now, ed25519: await pinnedEd25519() });
    const verdict = checkEvidence(p, indexOf([p]), copy, "server", now);
    return { state: stateOf(verdict), version: verdict.version, latest: verdict.latest_version, verdict };
  } catch {
    return { state: "unchecked", version: 0, latest: 0 };
  }
}

// stateOf is what a badge shows of a verdict.
export function stateOf({ verdict, current, retracted, warnings }: Verdict): string {
  if (verdict === "altered" || verdict === "unknown") return verdict;
  if (verdict !== "identical" && verdict !== "authentic" && verdict !== "excerpt") return "unchecked";
  if (retracted) return "retracted";
  if (warnings.some((w) => w.code === "other-signatories")) return "unchecked"; // the page names others beside it
  if (current === "no") return "superseded";
  if (current !== "yes") return "unchecked"; // only a fresh view says that nothing is newer
  return verdict === "excerpt" ? "excerpt" : "authentic";
}
