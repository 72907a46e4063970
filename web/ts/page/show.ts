// Shows a verdict: one plain sentence first, then the differences with the weighty ones
// first, then signatories, then how it is known.
import type { Publication } from "../evidence/evidence.ts";
import { retraction } from "../evidence/check.ts";
import type { Change, Verdict } from "../match/match.ts";
import { visible } from "../match/word.ts";
import { h, icon, type Child } from "./dom.ts";
import { find, instant, say } from "./words.ts";

const looks: Record<string, [tone: string, path: string]> = {
  identical: ["same", "M5 12.5l4.5 4.5L19 7.5"],
  authentic: ["same", "M5 12.5l4.5 4.5L19 7.5"],
  excerpt: ["same", "M6 5h12M6 19h12M8.5 12l2.5 2.5L16 9.5"],
  altered: ["different", "M5 9h14M5 15h14M16 4L8 20"],
  unknown: ["open", "M8.5 9a3.5 3.5 0 1 1 5.3 3c-1.3.8-1.8 1.4-1.8 2.8M12 18.6v.1"],
  unchecked: ["open", "M12 4v10.5M12 19.4v.1"],
};

// The gravest first.
const classes = ["hidden", "lookalike", "omission", "addition", "negation", "date", "number", "name", "order", "wording", "case", "accent", "punctuation"];
const most = 200; // differences and names of a kind that are shown

const section = (heading: string, ...children: Child[]) => h("section", {}, h("h2", {}, heading), ...children);
const bdi = (s: string) => h("bdi", {}, s);
const bytes = new TextEncoder();

// Origin is where evidence came from: the service, and what is said of it (messages).
export interface Origin {
  service: string; // address, without the last slash
  notes: string[];
  trust: string;
}

// here is this page's own service; saved says that the evidence was kept from before.
export const here = (saved = false): Origin => ({
  service: location.origin, notes: saved ? ["evidence_here", "evidence_saved"] : ["evidence_here"], trust: "evidence_trust",
});

// prefix is that of the page's language, where its address names one.
const prefix = /^\/(en|fr|ar)(?=\/|$)/.exec(globalThis.location?.pathname ?? "")?.[0] ?? "";

// show returns the whole answer. copy is what was compared.
export function show(v: Verdict, copy: Uint8Array, p: Publication | undefined, from: Origin = here()): HTMLElement {
  const [tone, path] = looks[(v.retracted || others(v)) && looks[v.verdict]?.[0] === "same" ? "unchecked" : v.verdict] ?? (looks["unchecked"] as [string, string]);
  const heading = h("h1", { id: "word", tabindex: "-1" }, say(`verdict_${v.verdict}`));
  return h(
    "div", {},
    h("section", { class: `verdict ${tone}`, "aria-labelledby": "word" }, icon(path),
      h("div", {}, heading, h("p", { class: "lead" }, sentence(v)), h("p", {}, meaning(v)))),
    v.retracted && p && h("p", { class: "note gone" }, say("retracted", { reason: reasonOf(p, v.version) })),
    v.current === "no" && v.version < v.latest_version && h("p", { class: "note" }, h("strong", {}, say("replaced_word")), " ", `${say("replaced", { latest: say("version", { number: v.latest_version }) })}.`),
    why(v), differences(v, copy), signatories(v), about(v, from), surroundings(v),
    lines("warnings_heading", warnings(v)), lines("tolerances_heading", v.tolerances.map((t) => find(`tol_${t}`) ?? t)),
    evidence(v, from),
  );
}

// others reports whether the copy names signatories beside the declaration, who are none of
// it.
const others = (v: Verdict) => v.warnings.some((w) => w.code === "other-signatories");

const namesUnchecked = (v: Verdict) => v.verdict === "unchecked" && v.version > 0 && v.reason.code !== "hidden-content";

function meaning(v: Verdict): string {
  if (namesUnchecked(v)) return say("meaning_unchecked_list");
  return find(`meaning_${v.verdict}`) ?? say("meaning_true");
}

function sentence(v: Verdict): string {
  const version = say("version", { number: v.version });
  const id = namesUnchecked(v) ? "unchecked_list" : v.verdict === "authentic" && v.signatories.status === "same" ? "authentic_list" : v.verdict;
  return say(`sentence_${id}`, { version }) + (v.retracted ? ` ${say("sentence_retracted")}` : "") + (others(v) ? ` ${say("sentence_others")}` : "");
}

function reasonOf(p: Publication, version: number): string {
  const s = retraction(p, version)?.statement;
  return s?.type === "retraction" ? visible(s.reason) : "";
}

// told are the reasons of which the words say all that the detail does.
const told = new Set(["no-record", "not-similar", "empty"]);

function why(v: Verdict): Child {
  if (v.reason.code === "") return undefined;
  const words = find(`why_${v.reason.code}`);
  return section(say("why_heading"), words !== undefined ? h("div", {}, h("p", {}, words), told.has(v.reason.code) ? undefined : h("p", { class: "fine" }, bdi(visible(v.reason.detail)))) : h("p", {}, `${visible(v.reason.detail)}. ${visible(v.reason.hint)}.`));
}

function facts(...rows: (readonly [string, Child])[]): HTMLElement {
  return h("dl", { class: "facts" }, ...rows.flatMap(([term, value]) => (value ? [h("dt", {}, term), h("dd", {}, value)] : [])));
}

function about(v: Verdict, from: Origin): Child {
  if (v.version === 0) return undefined;
  const link = (version: number) => h("a", { class: "item", href: `${from.service}${prefix}/p/${v.publication}/v/${version}` }, say("version_heading", { number: version }));
  const also = v.also_matches.filter((m) => m.publication === v.publication);
  return section(
    say("text_heading"),
    facts(
      [say("text_publication"), h("a", { href: `${from.service}${prefix}/p/${v.publication}` }, bdi(v.publication))],
      [say("text_version"), link(v.version)],
      [say("text_latest"), say(v.retracted ? "current_retracted" : `current_${v.current}`)],
      [say("text_also"), also.length > 0 && h("span", {}, ...also.map((m) => link(m.version)))],
    ),
  );
}

function differences(v: Verdict, copy: Uint8Array): Child {
  if (v.changes.length === 0) return undefined;
  const rank = (c: Change) => classes.indexOf(c.class);
  const sorted = [...v.changes].sort((a, b) => rank(a) - rank(b));
  return section(
    say("differences_heading", { count: v.changes.length }),
    h("p", { class: "fine" }, say("differences_key")),
    h("ol", { class: "differences" }, ...sorted.slice(0, most).map((c) => difference(c, copy))),
    sorted.length > most && h("p", { class: "note" }, say("differences_more", { count: sorted.length - most })),
  );
}

const del = (s: string) => h("del", { dir: "auto" }, s);
const ins = (s: string) => h("ins", { dir: "auto" }, s);

function difference(c: Change, copy: Uint8Array): HTMLElement {
  const [before, after] = around(c, copy);
  const label = c.op === "insert" ? "says_adds" : c.op === "move" ? "says_moved" : "says_copy";
  const published = c.op === "delete" ? "says_omits" : c.op === "move" ? "says_moves" : "says_published";
  return h(
    "li", {},
    h("h3", {}, say(`class_${c.class}`)),
    h("p", { class: "context", dir: "auto" }, before, c.published !== "" && del(c.published), c.published !== "" && c.copy !== "" && " ", c.copy !== "" && ins(c.copy), after),
    h("dl", {},
      ...(c.published !== "" ? [h("dt", {}, say(published)), h("dd", {}, h("q", {}, bdi(c.published)))] : []),
      ...(c.copy !== "" ? [h("dt", {}, say(label)), h("dd", {}, h("q", {}, bdi(c.copy)))] : [])),
  );
}

const reach = 160; // bytes of the line around a difference

// around is what the copy has on the same line before and after a difference.
function around(c: Change, copy: Uint8Array): [string, string] {
  const decoder = new TextDecoder();
  const end = c.at + (c.copy === "" ? 0 : bytes.encode(c.copy).length);
  const before = decoder.decode(copy.subarray(Math.max(0, c.at - reach), c.at)).split("\n").pop() as string;
  const after = decoder.decode(copy.subarray(end, end + reach)).split("\n")[0] as string;
  const cut = (s: string) => visible(s.replace(/\ufffd/g, ""));
  return [`${cut(before)} `, ` ${cut(after)}`];
}

function signatories(v: Verdict): Child {
  if (v.version === 0) return undefined;
  const s = v.signatories;
  const group = (heading: string, names: HTMLElement[][]) =>
    names.length > 0 && h("div", {}, h("h3", {}, heading), h("ul", { class: "names" }, ...names.slice(0, most).map((n) => h("li", {}, ...n.flatMap((x) => [x, " "])))));
  return section(
    say("list_heading"),
    h("p", {}, say(`list_${s.status}`)),
    group(say(s.status === "undetermined" ? "list_perhaps" : "list_added"), s.added.map((n) => [ins(n.name)])),
    group(say("list_changed"), s.changed.map((n) => [del(visible(n.published)), ins(n.copy)])),
    group(say("list_missing"), s.missing.map((n) => [del(visible(n.name))])),
    s.known.listed + s.withheld > 0 && h("p", { class: "fine" }, say("list_listed", { count: s.known.listed + s.withheld }) + (s.withheld > 0 ? ` (${say("count_withheld", { count: s.withheld })})` : "")),
  );
}

function surroundings(v: Verdict): Child {
  if (v.surroundings.length === 0) return undefined;
  return section(say("around_heading"), h("p", {}, say("around_note")), h("ul", { class: "names" }, ...v.surroundings.map((x) => h("li", {}, bdi(x.text)))));
}

const lines = (heading: string, list: string[]): Child => list.length > 0 && section(say(heading), h("ul", {}, ...list.map((s) => h("li", {}, bdi(s)))));

// warnings says each kind of warning once, with its first details.
function warnings(v: Verdict): string[] {
  const kinds = new Map<string, string[]>();
  for (const w of v.warnings) kinds.set(w.code, [...new Set([...(kinds.get(w.code) ?? []), visible(w.detail)])]);
  return [...kinds].map(([code, details]) => (find(`warn_${code}`) ?? `${code}.`) + (code === "mid-sentence" ? "" : ` (${details.slice(0, 5).join(", ")})`));
}

function evidence(v: Verdict, from: Origin): Child {
  const digest = (s: string) => s !== "" && h("code", { class: "digest" }, s);
  const slug = v.publication === "" ? "" : ` --publication ${v.publication}`;
  return section(
    say("evidence_heading"),
    ...from.notes.map((id) => h("p", {}, say(id))),
    facts(
      [say("evidence_record"), digest(v.evidence.record)],
      [say("evidence_genesis"), digest(v.genesis)],
      [say("evidence_index"), v.evidence.record !== "" && say("evidence_tree", { index: v.evidence.log_index, size: v.evidence.tree_size, log: v.log })],
      [say("evidence_witnesses"), v.evidence.witnesses > 0 ? String(v.evidence.witnesses) : say("evidence_nowitness")],
      [say("evidence_asof"), v.as_of !== "" && h("time", { datetime: v.as_of }, instant(v.as_of))],
    ),
    h("p", {}, say(from.trust)),
    h("pre", { class: "command", dir: "ltr" }, `sijil trust init ${from.service}${slug}\nsijil verify${slug} copy.txt\n`),
  );
}
