// Reads what signatories said, and what the service saw of them: one record a line. Mirrors
// internal/evidence/endorsements.go.
import type { Chain } from "../chain/chain.ts";
import type { Logged } from "../endorsement/standing.ts";
import { verifyClaim, verifySighting } from "../endorsement/verify.ts";
import { encode } from "../jcs/jcs.ts";
import { members, parseCanonical, str } from "../jcs/shape.ts";
import type { Policy } from "../keys/policy.ts";
import { parseBundle, parsePublicKey, verifyLogged } from "../log/bundle.ts";
import { fromBase64, utf8, type Bytes } from "../log/bytes.ts";
import type { Checkpoint } from "../log/checkpoint.ts";
import type { Ed25519Verify } from "../log/note.ts";

const lineFeed = 0x0a;
const maxLine = 4 << 20;

// Aside is a verified record that belongs to no chain, with the checkpoint that its proof
// leads to.
export interface Aside extends Logged {
  checkpoint: Checkpoint;
}

type Open = () => Promise<Aside>;

// readAsides reads the document. observers are the hints of the observer keys; verified
// reads line n, counted from 1, and names it in whatever goes wrong with it.
export async function readAsides(
  doc: Bytes, chain: Chain, observers: Set<string>, policy: Policy, ed25519: Ed25519Verify, verified: (n: number, open: Open) => Promise<Aside>,
): Promise<Aside[]> {
  // All at once; what goes wrong first is the first line's.
  const found = split(doc).map((line, i) => verified(i + 1, () => openAside(line, chain, observers, policy, ed25519)));
  await Promise.allSettled(found);
  const out: Aside[] = [];
  for (const [i, f] of found.entries()) {
    const a = await f;
    const last = out[i - 1];
    out.push(await verified(i + 1, async () => {
      if (last && a.index <= last.index) throw new Error("stands in the log before the line that it follows");
      return a;
    }));
  }
  return out;
}

// lastIndex is where the last line says that it stands in the log, and is not verified; -1
// where there is none that says it.
export function lastIndex(doc: Bytes): number {
  const line = doc.slice(doc.lastIndexOf(lineFeed, doc.length - 2) + 1);
  return Number(/"logIndex":"(\d+)"/.exec(new TextDecoder().decode(line))?.[1] ?? -1);
}

// split returns the lines; undefined for one that has no end.
function split(doc: Bytes): (Bytes | undefined)[] {
  const out: (Bytes | undefined)[] = [];
  for (let at = 0; at < doc.length; ) {
    const end = doc.indexOf(lineFeed, at);
    out.push(end < 0 ? undefined : doc.slice(at, end));
    at = end < 0 ? doc.length : end + 1;
  }
  return out;
}

async function openAside(line: Bytes | undefined, chain: Chain, observers: Set<string>, policy: Policy, ed25519: Ed25519Verify): Promise<Aside> {
  if (!line) throw new Error("has no end");
  const m = members(parseCanonical(line, "line", maxLine), "line", "bundle", "key");
  const b = parseBundle(utf8(encode(m["bundle"] ?? null)));
  const key = await parsePublicKey(fromBase64(str(m["key"], "key")));
  const said = await (observers.has(key.hint) ? verifySighting(b, key, chain) : verifyClaim(b, key, chain));
  return { ...said, index: b.entry.index, checkpoint: await verifyLogged(b, said.leaf, policy, ed25519) };
}
