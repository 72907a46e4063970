// A version's signatory list: commitments, and the disclosures that are still public.
// Mirrors internal/signatory; docs/formats/signatories.md is the description. The rules
// for what a name may hold are the service's and the audit's: what is shown here is
// what the publisher committed to, whatever it is.
import { fromBase64URL, sha256, text, toBase64URL, utf8 } from "../log/bytes.ts";
import { encode, type JSONValue } from "../jcs/jcs.ts";
import { list, members, parseCanonical, str } from "../jcs/shape.ts";

const maxSignatories = 10_000;
const maxFile = 8 << 20;

export interface Signatory {
  name: string;
  kind: string;
  language: string;
  role: string;
  country: string;
  domain: string;
}

export interface Entry {
  commitment: string;
  signatory?: Signatory; // none for a withheld entry
}

// openSignatories reads a signatories.json: each disclosure hashes to its commitment.
// It returns the commitments document too, whose digest a record names.
export async function openSignatories(b: Uint8Array): Promise<{ entries: Entry[]; document: string }> {
  const m = members(parseCanonical(b, "signatories.json", maxFile), "signatories.json", "commitments", "disclosures");
  const commitments = list(m["commitments"], "commitments", maxSignatories).map((c) => str(c, "commitment"));
  const disclosures = list(m["disclosures"], "disclosures", maxSignatories);
  if (commitments.length !== disclosures.length || new Set(commitments).size !== commitments.length) throw new Error("signatories.json: lists of different lengths, or a commitment twice");
  if (commitments.some((c) => fromBase64URL(c).length !== 32)) throw new Error("signatories.json: a commitment is not a digest");
  const entries = await Promise.all(
    commitments.map(async (commitment, i): Promise<Entry> => {
      const d = disclosures[i] as JSONValue;
      if (d === null) return { commitment };
      const s = str(d, "disclosure");
      if (toBase64URL(await sha256(utf8(s))) !== commitment) throw new Error(`signatories.json: entry ${i + 1} does not hash to its commitment`);
      return { commitment, signatory: parseDisclosure(s) };
    }),
  );
  return { entries, document: `[${commitments.map((c) => `"${c}"`).join(",")}]` };
}

function parseDisclosure(s: string): Signatory {
  const json = text(fromBase64URL(s));
  const v = JSON.parse(json) as JSONValue;
  if (encode(v) !== json) throw new Error("disclosure: not in the one encoding");
  const [salt, entry, ...rest] = list(v, "disclosure", 2);
  if (rest.length > 0 || fromBase64URL(str(salt, "salt")).length !== 16) throw new Error("disclosure: want salt and signatory");
  const m = members(entry, "signatory", "name", "kind", "language?", "role?", "country?", "domain?");
  const get = (n: string) => (n in m ? str(m[n], n) : "");
  const out = { name: get("name"), kind: get("kind"), language: get("language"), role: get("role"), country: get("country"), domain: get("domain") };
  if (out.name === "" || (out.kind !== "organisation" && out.kind !== "person")) throw new Error("signatory: no name, or no kind");
  return out;
}
