// The verdict, as docs/formats/verdict.schema.json has it. Mirrors
// internal/match/verdict.go: an object here is, as JSON, the one that Go writes.

export const Identical = "identical";
export const Authentic = "authentic";
export const Excerpt = "excerpt";
export const Altered = "altered";
export const Unknown = "unknown";
export const Unchecked = "unchecked";

export interface VersionRef {
  publication: string;
  genesis: string;
  version: number;
}

export interface Change {
  op: string;
  class: string;
  published: string;
  copy: string;
  at: number;
  published_at: number;
}

export interface Warning {
  code: string;
  at: number;
  detail: string;
}

export interface Reason {
  code: string;
  detail: string;
  hint: string;
}

// Known counts the signatories of the version by what is known of them. The comparison
// fills listed; the caller, who knows the endorsements, the rest.
export interface Known {
  listed: number;
  "confirmed-domain": number;
  "confirmed-mail": number;
  signed: number;
  withdrawn?: number; // none where it is 0
  denied?: number;
}

export interface Signatories {
  status: string;
  added: { name: string; at: number }[];
  missing: { name: string; position: number }[];
  changed: { published: string; copy: string; at: number; position: number }[];
  withheld: number;
  known: Known;
}

export interface Verdict {
  verdict: string;
  publication: string;
  genesis: string;
  log: string;
  trust: string;
  version: number;
  also_matches: VersionRef[];
  languages: string[];
  current: string;
  as_of: string;
  latest_version: number;
  retracted: boolean;
  similarity: number;
  changes: Change[];
  signatories: Signatories;
  surroundings: { text: string; at: number }[];
  tolerances: string[];
  warnings: Warning[];
  evidence: { log_index: number; tree_size: number; record: string; witnesses: number };
  reason: Reason;
}

// newVerdict returns a verdict that claims nothing.
export const newVerdict = (headline: string): Verdict => ({
  verdict: headline, publication: "", genesis: "", log: "", trust: "", version: 0, also_matches: [], languages: [],
  current: "undetermined", as_of: "", latest_version: 0, retracted: false, similarity: 0, changes: [],
  signatories: newSignatories(), surroundings: [], tolerances: [], warnings: [],
  evidence: { log_index: 0, tree_size: 0, record: "", witnesses: 0 }, reason: { code: "", detail: "", hint: "" },
});

export const newSignatories = (): Signatories => ({
  status: "absent", added: [], missing: [], changed: [], withheld: 0,
  known: { listed: 0, "confirmed-domain": 0, "confirmed-mail": 0, signed: 0 },
});

// newUnchecked returns the verdict for a copy that could not be checked.
export function newUnchecked(code: string, detail: string, hint: string): Verdict {
  return { ...newVerdict(Unchecked), reason: { code, detail, hint } };
}

const largeHint = "check the declaration alone, without what surrounds it";

export const hints: Record<string, string> = {
  empty: "paste or choose the text to check",
  "too-large": largeHint,
  "invalid-utf8": "only plain text in UTF-8 is read: copy the words out of a PDF, Word file or picture, or save the text as UTF-8",
  "nul-byte": "this looks like a file of another kind: copy its words into a plain text file and check that",
  "too-many-marks": "this text carries stacked marks: type or copy it without them",
  "too-many-tokens": largeHint,
  "withheld-names": "ask the publisher about the names that are listed here",
  "no-record": "it may be registered elsewhere or not at all: ask the organisations that it names",
  "not-similar": "it shares words or passages with a registered text but is mostly another one; if it quotes one, check the quotation alone",
  "too-short": "check more of the text: a whole paragraph or item, or eight words",
  "no-publication": "check the name of the publication",
  "hidden-content": "look at the words of the file yourself, or copy what you see into a text file and check that",
};

const details: Record<string, string> = {
  "no-record": "no registered text resembles this one",
  "not-similar": "less than half of it can be aligned with any registered text",
  "too-short": "fewer than eight words of a registered text, and no whole paragraph",
  "no-publication": "no publication has this name here",
};

export const unknown = (code: string): Verdict => ({
  ...newVerdict(Unknown), reason: { code, detail: details[code] as string, hint: hints[code] as string },
});
