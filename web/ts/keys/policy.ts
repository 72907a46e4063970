// The witness policy and the trust file. Mirrors packages keys; the descriptions are
// docs/formats/trust.md and C2SP tlog-policy. Witnesses with ML-DSA-44 keys are read
// and never counted: browsers do not verify their signatures.
import { fromBase64, same, text, type Bytes } from "../log/bytes.ts";
import { algCosignature, algEd25519, parseKey, type Key, type Signature } from "../log/note.ts";
import { encode, type JSONValue } from "../jcs/jcs.ts";
import { list, members, str } from "../jcs/shape.ts";

const algMLDSA44 = 0x06;
const most = 64; // witnesses, and groups

export interface Witness {
  name: string;
  key: Key;
}

// Component is a witness, or a group of which so many must be satisfied.
type Component = { witness: Witness } | { threshold: number; members: Component[] };

export interface Policy {
  log: Key;
  witnesses: Witness[];
  quorum?: Component;
}

// logOnly is the policy that asks for the same log's signature and no witness.
export const logOnly = (p: Policy): Policy => ({ log: p.log, witnesses: [] });

// keysOf are the keys whose signatures can be verified here.
export const keysOf = (p: Policy): Key[] => [p.log, ...p.witnesses.filter((w) => w.key.alg === algCosignature).map((w) => w.key)];

// QuorumError is a checkpoint that the log signed and too few witnesses cosigned.
export class QuorumError extends Error {}

// parsePolicy reads a policy; it throws, naming the line and the rule.
export async function parsePolicy(s: string): Promise<Policy> {
  if (s.length > 256 << 10) throw new Error("policy: too large");
  const p: Partial<Policy> & { witnesses: Witness[] } = { witnesses: [] };
  const named = new Map<string, Component>();
  const used = new Set<Component>();
  let groups = 0;
  let decided = false;
  const define = (name: string, c: Component) => {
    if (name === "none" || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) || named.has(name)) throw new Error(`name ${name.slice(0, 40)}: not allowed, or defined already`);
    named.set(name, c);
  };
  const find = (name: string) => {
    const c = named.get(name);
    if (!c) throw new Error(`${name.slice(0, 40)} is not defined before this line`);
    return c;
  };
  const read = async (line: string) => {
    const [word, ...args] = line.split(/[ \t]+/).filter((f) => f !== "");
    const [first = "", second = "", ...rest] = args;
    if (word === undefined || line.startsWith("#")) return;
    if (word === "log" && args.length === 1 && !p.log) {
      p.log = await parseKey(first);
      if (p.log.alg !== algEd25519 || p.log.raw.length !== 32 || !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(p.log.name)) throw new Error("not a log's key");
    } else if (word === "witness" && (args.length === 2 || args.length === 3) && p.witnesses.length < most) {
      const key = await parseKey(second);
      if (key.alg !== algMLDSA44 && (key.alg !== algCosignature || key.raw.length !== 32)) throw new Error("not a witness's key");
      if (p.witnesses.some((w) => w.key.vkey === key.vkey || (w.key.name === key.name && w.key.hash === key.hash))) throw new Error("a key of two witnesses");
      const witness = { name: first, key };
      define(first, { witness });
      p.witnesses.push(witness);
    } else if (word === "group" && args.length >= 3 && ++groups <= most) {
      const inside = rest.map((name) => {
        const m = find(name);
        if (used.has(m)) throw new Error(`${name.slice(0, 40)} would count twice`);
        used.add(m);
        return m;
      });
      const threshold = second === "any" ? 1 : second === "all" ? inside.length : /^[1-9][0-9]?$/.test(second) ? Number(second) : 0;
      if (threshold < 1 || threshold > inside.length) throw new Error(`threshold ${second.slice(0, 40)}`);
      define(first, { threshold, members: inside });
    } else if (word === "quorum" && args.length === 1 && !decided) {
      decided = true;
      if (first !== "none") p.quorum = find(first);
    } else throw new Error(`${word.slice(0, 40)}: unknown, given twice, or of another form`);
  };
  const lines = s.split("\n");
  for (let i = 0; i < lines.length; i++) {
    try {
      await read(lines[i] as string);
    } catch (e) {
      throw new Error(`policy: line ${i + 1}: ${(e as Error).message}`);
    }
  }
  if (!p.log || !decided) throw new Error("policy: no log line, or no quorum line");
  return { ...p, log: p.log };
}

// Quorum is what a policy finds in the signatures of a note.
export interface Quorum {
  witnesses: string[];
  at: number; // newest time T, in seconds, such that the cosignatures made at T or later are a quorum; 0 where none is asked for
}

// checkQuorum is given the signatures that verified. It throws where a rule is not met.
export function checkQuorum(p: Policy, signatures: Signature[]): Quorum {
  if (!signatures.some((s) => s.key === p.log)) throw new Error(`not signed by the log ${p.log.name}`);
  const times = new Map<Witness, number>();
  for (const w of p.witnesses) {
    const s = signatures.find((x) => x.key === w.key);
    if (s) times.set(w, s.time);
  }
  const witnesses = p.witnesses.filter((w) => times.has(w)).map((w) => w.name);
  if (!p.quorum) return { witnesses, at: 0 };
  const satisfied = (c: Component, from: number): boolean =>
    "witness" in c ? (times.get(c.witness) ?? -1) >= from : c.members.filter((m) => satisfied(m, from)).length >= c.threshold;
  if (!satisfied(p.quorum, 0)) throw new QuorumError(`the witness quorum is not reached: cosigned by ${witnesses.join(", ") || "none"}`);
  const quorum = p.quorum;
  return { witnesses, at: Math.max(...[...times.values()].filter((t) => satisfied(quorum, t))) };
}

// Trust is a parsed trust file.
export interface Trust {
  policy: Policy;
  baseURL: string;
  publications: Map<string, string>; // slug → genesis digest
}

// parseTrust reads a trust file in its one encoding.
export async function parseTrust(b: Uint8Array): Promise<Trust> {
  const s = text(b);
  const v = JSON.parse(s) as JSONValue;
  if (`${indent(v, "")}\n` !== s) throw new Error("trust file: not in its one form");
  const m = members(v, "trust file", "policy", "publications", "trusted_root", "release_key?");
  const policy = await parsePolicy(str(m["policy"], "policy"));
  const root = members(m["trusted_root"], "trusted_root", "mediaType", "tlogs");
  const logs = list(root["tlogs"], "tlogs", 1);
  const l = members(logs[0], "tlogs", "baseUrl", "hashAlgorithm", "publicKey", "logId");
  const key = members(l["publicKey"], "publicKey", "rawBytes", "keyDetails", "validFor");
  const baseURL = str(l["baseUrl"], "baseUrl");
  const spki = fromBase64(str(key["rawBytes"], "rawBytes"));
  const id = fromBase64(str(members(l["logId"], "logId", "keyId")["keyId"], "keyId"));
  if (new URL(baseURL).hostname !== policy.log.name || !same(spki.subarray(-32), policy.log.raw) || spki.length !== 44 || !same(id, policy.log.id)) {
    throw new Error("trust file: the trusted root's log is not the policy's");
  }
  const publications = new Map<string, string>();
  for (const [slug, genesis] of Object.entries(members(m["publications"], "publications", ...Object.keys(m["publications"] as object)))) {
    if (!/^sha256:[0-9a-f]{64}$/.test(str(genesis, slug))) throw new Error(`trust file: ${slug}: not a digest`);
    publications.set(slug, genesis as string);
  }
  return { policy, baseURL, publications };
}

// indent writes JSON as a trust file is written: RFC 8785 order, two spaces.
function indent(v: JSONValue, by: string): string {
  if (typeof v !== "object" || v === null) return encode(v);
  const inner = `${by}  `;
  const parts = Array.isArray(v)
    ? v.map((x) => inner + indent(x, inner))
    : Object.keys(v).sort().map((n) => `${inner}${encode(n)}: ${indent(v[n] as JSONValue, inner)}`);
  const [open, close] = Array.isArray(v) ? "[]" : "{}";
  return parts.length === 0 ? `${open}${close}` : `${open}\n${parts.join(",\n")}\n${by}${close}`;
}

export type { Bytes };
