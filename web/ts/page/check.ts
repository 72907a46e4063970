// Checks a copy on the reader's own device: fetches the evidence of the publications it
// may come from, verifies all of it, and compares. Fingerprints of passages leave the
// device where there are many publications; the copy never does.
import { checkEvidence, indexOf, uncheckedFor } from "../evidence/check.ts";
import { EvidenceError, type Publication } from "../evidence/evidence.ts";
import { parseTrust, type Trust } from "../keys/policy.ts";
import { checkCopy, newUnchecked, type Copy, type Verdict } from "../match/match.ts";
import { fingerprints } from "../match/shingle.ts";
import { pinnedEd25519 } from "../pin/ed25519.ts";
import { Store } from "./memory.ts";
import { say } from "./words.ts";

const few = 4; // publications that are all fetched, and candidates of a look-up
const patience = 9500; // milliseconds

export interface Answer {
  verdict: Verdict;
  publication: Publication | undefined;
  saved: boolean; // the evidence was kept on this device; nobody was asked for newer
}

// checkHere compares a copy with one publication, or with what it may come from. It
// never throws, and answers within ten seconds.
// genesis, where a code or link named it, must be the publication's.
export async function checkHere(copy: Copy, slug: string, genesis = ""): Promise<Answer> {
  const stop = new AbortController();
  const late = new Promise<Answer>((resolve) =>
    setTimeout(() => {
      stop.abort();
      resolve(nothing(uncheckedFor(slug, new Error(say("check_slow")))));
    }, patience),
  );
  const answer = checkWith(copy, slug, genesis, stop.signal).catch((e: unknown) => nothing(uncheckedFor(slug, e)));
  return Promise.race([answer, late]);
}

const nothing = (verdict: Verdict): Answer => ({ verdict, publication: undefined, saved: false });

type Fetcher = (path: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;

// Saved counts the documents that this device had kept; see worker.ts.
interface Saved {
  documents: number;
}

// fetcher gives documents of this server; undefined for one that there is not.
function fetcher(signal: AbortSignal, saved: Saved): Fetcher {
  return async (path) => {
    const res = await fetch(`/${path}`, { signal, credentials: "omit", redirect: "error" });
    if (res.headers.has("Sijil-Saved")) saved.documents++;
    if (res.status === 404) return undefined;
    if (!res.ok) throw new Error(`${path}: the server answered ${res.status}`);
    const b = new Uint8Array(await res.arrayBuffer());
    if (b.length > 16 << 20) throw new EvidenceError("damaged-evidence", `${path}: is too large`);
    return b;
  };
}

async function checkWith(copy: Copy, slug: string, genesis: string, signal: AbortSignal): Promise<Answer> {
  const kept: Saved = { documents: 0 };
  pinnedEd25519().catch(() => undefined); // it may have to be fetched; open hears of it
  const get = fetcher(signal, kept);
  const trust = await pinned(get);
  if (genesis !== "" && trust.publications.get(slug) !== `sha256:${genesis}`) throw new EvidenceError("log-misbehaved", say("check_genesis"));
  const { slugs, all } = slug !== "" ? { slugs: [slug], all: true } : await candidates(trust, copy, signal);
  if (slugs.length === 0) return nothing(newUnchecked("no-lead", say("check_nolead"), ""));
  const now = Date.now() / 1000;
  const opened = await Promise.all(
    slugs.map((s) =>
      open(get, trust, s, now).catch((e: unknown) => {
        if (kept.documents > 0 && e instanceof EvidenceError && e.code === "stale-log") return open(get, trust, s);
        throw e;
      }),
    ),
  );
  const saved = kept.documents > 0;
  const asked = saved ? undefined : now; // what was kept says nothing of today
  const index = indexOf(opened);
  const found = checkCopy(index, copy, "");
  const source = opened.find((p) => p.slug === found.publication);
  if (source) return { verdict: checkEvidence(source, index, copy, "server", asked), publication: source, saved };
  const verdict = { ...found, log: trust.policy.log.name, trust: "server" };
  if (saved) return { verdict: newUnchecked("not-fresh", "", ""), publication: undefined, saved };
  if (opened.every((p) => p.fresh)) verdict.as_of = new Date(Math.floor(now) * 1000).toISOString().replace(".000Z", "Z");
  if (verdict.verdict === "unknown" && !all) return nothing(newUnchecked("no-lead", say("check_nolead"), ""));
  return { verdict, publication: undefined, saved };
}

// candidates returns the publications that are looked at, and whether those are all.
async function candidates(trust: Trust, copy: Copy, signal: AbortSignal): Promise<{ slugs: string[]; all: boolean }> {
  const known = [...trust.publications.keys()];
  if (known.length <= few) return { slugs: known, all: true };
  let fps: string[] = [];
  try {
    fps = fingerprints(copy.text).map((f) => f.toString(16).padStart(8, "0"));
  } catch {
    // no words: the comparison says so
  }
  const res = await fetch("/api/v1/lookup", {
    method: "POST", signal, credentials: "omit", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ fingerprints: fps }),
  });
  if (!res.ok) throw new Error(`look-up: the server answered ${res.status}`);
  const leads = ((await res.json()) as { candidates: { publication: string }[] }).candidates;
  return { slugs: leads.map((l) => l.publication).filter((s) => trust.publications.has(s)).slice(0, few), all: false };
}

const store = new Store("sijil:");

// pinned reads the server's own pins. The log's key is kept from the first visit on, and
// every genesis digest that was seen: another one is refused.
async function pinned(get: Fetcher): Promise<Trust> {
  const b = await get("api/v1/trust.json");
  if (!b) throw new EvidenceError("damaged-evidence", "the server has no trust file");
  const trust = await parseTrust(b);
  const key = trust.policy.log.vkey;
  const before = store.recall("key") ?? key;
  if (before !== key) throw new EvidenceError("log-misbehaved", say("check_keys", { before }));
  store.keep("key", key);
  // A server that asks for witnesses once does not stop asking.
  if (trust.policy.quorum) store.keep("quorum", "asked");
  else if (store.recall("quorum") !== undefined) throw new EvidenceError("no-quorum", say("check_policy"));
  store.pin(trust);
  return trust;
}

async function open(get: Fetcher, trust: Trust, slug: string, now?: number): Promise<Publication> {
  const o = { trust, slug, ed25519: await pinnedEd25519() };
  return store.open(get, now === undefined ? o : { ...o, now });
}
