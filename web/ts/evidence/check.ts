// Compares a copy with verified versions. Mirrors internal/evidence/verdict.go.
import { checkCopy, newIndex, newUnchecked, type Copy, type Index, type Verdict, type Version } from "../match/match.ts";
import { count, standings } from "../endorsement/standing.ts";
import { EvidenceError, type Edition, type Opened, type Publication } from "./evidence.ts";

// retraction returns the record that withdraws a version, by itself or with the
// publication.
export function retraction(p: Publication, version: number): Opened | undefined {
  const of = (n: number) => p.records.find((r) => r.statement.type === "retraction" && (r.statement.version?.number ?? 0) === n);
  return of(version) ?? of(0);
}

const forMatch = (p: Publication, e: Edition): Version => ({
  number: e.statement.version, texts: e.texts, placeDate: Object.values(e.statement.placeDate).sort(compareUTF8).join("\n"),
  names: e.entries.map((x) => ({ text: x.signatory?.name ?? "", withheld: !x.signatory })),
  retracted: retraction(p, e.statement.version) !== undefined,
});

// compareUTF8 orders strings as their bytes are.
function compareUTF8(a: string, b: string): number {
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const d = ((x[i] as string).codePointAt(0) as number) - ((y[i] as string).codePointAt(0) as number);
    if (d !== 0) return d;
  }
  return x.length - y.length;
}

// indexOf prepares verified publications for comparison.
export function indexOf(publications: Publication[]): Index {
  return newIndex(
    publications
      .map((p) => ({ slug: p.slug, genesis: p.genesis, versions: p.records.flatMap((r) => (r.edition ? [forMatch(p, r.edition)] : [])) }))
      .filter((p) => p.versions.length > 0),
  );
}

// checkEvidence compares a copy with a verified publication. now is when its documents
// were fetched, in seconds; none when they came from a folder.
export function checkEvidence(p: Publication, index: Index, c: Copy, trust: string, now?: number): Verdict {
  const v = checkCopy(index, c, p.slug);
  attach(p, v, trust, now);
  return v;
}

// attach fills in what the comparison cannot know: log, trust, currency and evidence.
export function attach(p: Publication, v: Verdict, trust: string, now?: number): void {
  const versions = p.records.filter((r) => r.edition);
  const latest = versions[versions.length - 1];
  v.publication = p.slug;
  v.genesis = p.genesis;
  v.log = p.origin;
  v.trust = trust;
  if (latest?.edition) v.latest_version = latest.edition.statement.version;
  v.evidence.tree_size = p.checkpoint.size;
  v.evidence.witnesses = p.checkpoint.quorum.witnesses.length;
  if (now !== undefined && p.fresh) v.as_of = new Date(Math.floor(now) * 1000).toISOString().replace(".000Z", "Z");
  v.current = "undetermined";
  if (v.verdict === "unknown" && v.as_of === "") {
    // Only a fresh view of the log can say that nothing is recorded.
    v.verdict = "unchecked";
    v.reason = {
      code: "not-fresh", hint: "check again with a connection to the service",
      detail: "no version here is the source of the copy, and this is not a fresh view of the log: a newer version may be",
    };
  }
  if (v.version === 0) return;
  v.retracted = retraction(p, v.version) !== undefined;
  v.signatories.known = known(p, v.version);
  if (v.version < v.latest_version || v.retracted) v.current = "no";
  else if (v.as_of !== "") v.current = "yes";
  const record = versions.find((r) => r.edition?.statement.version === v.version);
  if (record) {
    v.evidence.log_index = record.index;
    v.evidence.record = record.digest;
  }
}

// known counts how the signatories of a version are known. Names that are not shown are
// counted elsewhere: of those, only what they said is counted here.
function known(p: Publication, version: number): Verdict["signatories"]["known"] {
  const list = standings(p.book, version);
  const names = p.records.find((r) => r.edition?.statement.version === version)?.edition?.entries ?? [];
  const { withheld: _, withdrawn, denied, ...n } = count(list);
  n.listed -= list.filter((s, i) => s.known === "listed" && !names[i]?.signatory).length;
  return { ...n, ...(withdrawn > 0 && { withdrawn }), ...(denied > 0 && { denied }) };
}

const evidenceHints: Record<string, string> = {
  "log-misbehaved": "keep the proof and show it to the operator, the publisher and other readers; trust nothing this log says until it is explained",
  "stale-log": "a newer version may be withheld from you: try again later, from another network, or ask the operator why no witness has seen the log",
  "no-quorum": "fewer witnesses than your trust file asks for have seen this: try again later, or ask the operator",
  "damaged-evidence": "the service or folder gave a document that does not verify; try again later, ask the operator, or use an exported folder",
  "not-pinned": "pin the publication first",
};

// uncheckedFor returns the verdict for a copy that could not be checked, with the cause
// of an opening that failed, why and what to do.
export function uncheckedFor(slug: string, e: unknown): Verdict {
  const code = e instanceof EvidenceError ? e.code : "unreachable";
  const hint = evidenceHints[code] ?? "check the network and the address, then try again; nothing is known about the copy";
  return { ...newUnchecked(code, e instanceof Error ? e.message : "the service could not be asked", hint), publication: slug };
}
