// What signatories sign: statements about one version and one list entry, which belong to
// no chain. Mirrors claim.go of internal/statement; docs/formats/endorsement.md is the
// description. The form of words that were signed is not checked again, as in a chain.
import type { JSONValue } from "../jcs/jcs.ts";
import { int, members, str, type Members } from "../jcs/shape.ts";
import type { Bytes } from "../log/bytes.ts";
import { commitment, digest, instant, logName, parseWith, type LogName, type Reads, type Subject } from "./statement.ts";

// VersionName names a version by its number and its record's digest.
export interface VersionName {
  number: number;
  record: string;
}

// ReadText is the text that a signatory read, with the digest of the published file in
// hexadecimal.
export interface ReadText {
  language: string;
  sha256: string;
}

export interface Claim {
  kind: "endorsement" | "withdrawal" | "denial";
  entry: string; // commitment of the list entry
  issued: string;
  log: LogName;
  publication: string;
  version: VersionName;
  text?: ReadText; // of an endorsement
  reason: string;
}

const prefix = "sha256:".length;

// parseClaim reads a payload in its one encoding.
export const parseClaim = (payload: Bytes): Promise<Claim> => parseWith(payload, predicate);

const predicate: Reads<Claim> = async (type, v) => {
  switch (type) {
    case "urn:sijil:endorsement:v1":
      return endorsement(members(v, "endorsement", "entry", "issued", "log", "publication", "text", "version"));
    case "urn:sijil:withdrawal:v1":
      return leaving("withdrawal", v);
    case "urn:sijil:denial:v1":
      return leaving("denial", v);
  }
  throw new Error("statement: want an endorsement, a withdrawal or a denial");
};

function about(m: Members): Omit<Claim, "kind"> {
  const a = {
    entry: commitment(m["entry"]), issued: instant(m["issued"]), log: logName(m["log"]), publication: digest(m["publication"], "publication"),
    version: versionName(m["version"]), reason: optional(m, "reason"),
  };
  if (a.version.record === a.publication) throw new Error("version: want the record digest of the version");
  return a;
}

export function versionName(v: JSONValue | undefined): VersionName {
  const m = members(v, "version", "number", "record");
  return { number: int(m["number"], "number", 1), record: digest(m["record"], "record") };
}

export function readText(v: JSONValue | undefined): ReadText {
  const m = members(v, "text", "language", "sha256");
  const language = str(m["language"], "language");
  if (language === "") throw new Error("text: no language");
  return { language, sha256: digest(m["sha256"], "sha256").slice(prefix) };
}

// optional reads a member that is absent where it is empty.
export function optional(m: Members, name: string): string {
  if (!(name in m)) return "";
  const s = str(m[name], name);
  if (s === "") throw new Error(`${name}: empty`);
  return s;
}

function endorsement(m: Members): [Claim, Subject[]] {
  const text = readText(m["text"]);
  return [{ ...about(m), kind: "endorsement", text }, [{ name: `text/${text.language}`, sha256: text.sha256 }]];
}

function leaving(kind: "withdrawal" | "denial", v: JSONValue): [Claim, Subject[]] {
  const a = about(members(v, kind, "entry", "issued", "log", "publication", "reason?", "version"));
  return [{ ...a, kind }, [versionSubject(a.version)]];
}

export const versionSubject = (v: VersionName): Subject => ({ name: "version", sha256: v.record.slice(prefix) });
