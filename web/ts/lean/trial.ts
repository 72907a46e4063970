// For tests: the lean path and the engine, asked the same. No page loads it.
import { stateOf } from "../badge/engine.ts";
import { checkEvidence, indexOf } from "../evidence/check.ts";
import { openPublication } from "../evidence/evidence.ts";
import { walk as walkAll } from "../extract/live.ts";
import { parseTrust } from "../keys/policy.ts";
import { check, newIndex, type Publication, type Version } from "../match/match.ts";
import { canonical, dropBullets, parse } from "../text/text.ts";
import { verify, type Edition } from "./evidence.ts";
import { judge } from "./match.ts";
import { flat, plainForm, type Plain } from "./text.ts";
import { walk } from "./walk.ts";

// Both is what the two say; lean is empty where it leaves it to the engine.
interface Both {
  lean: string;
  engine: string;
}

// form compares the canonical forms of a text; both are empty where lean has none.
export function form(s: string): Both {
  let p: Plain;
  try {
    p = plainForm(s);
  } catch {
    return { lean: "", engine: "" };
  }
  const f = parse(s);
  let lines = "";
  for (const t of dropBullets(f.tokens).tokens) {
    const [one, more] = t.bulleted ? ["\v", "\r"] : ["\n", "\f"];
    lines += (t.breaks === 0 ? (t.bulleted ? "?" : " ") : t.breaks === 1 ? one : more) + t.text;
  }
  return { lean: JSON.stringify([p[0], p[1].slice(1), p[1][0] !== " "]), engine: JSON.stringify([canonical(f), lines.slice(1), lines[0] !== " "]) };
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function editionOf(v: Version): Edition {
  if (v.names.some((n) => n.withheld)) throw new Error("withheld");
  return {
    record: "", number: v.number, retracted: v.retracted, texts: [...v.texts.values()].map((t) => plainForm(decoder.decode(t))),
    names: v.names.map((n) => flat(plainForm(n.text))), places: v.placeDate.split("\n").filter((l) => l.trim()).map((l) => flat(plainForm(l))),
  };
}

// matches compares what the two say of copies of a publication.
export function matches(p: Publication, copies: string[]): Both[] {
  const index = newIndex([p]);
  let editions: Edition[] = [];
  try {
    editions = p.versions.map(editionOf);
  } catch {
    return [];
  }
  return copies.map((c) => {
    let lean = "";
    try {
      lean = judge(editions, c).state;
    } catch {
      return { lean, engine: "" };
    }
    const v = check(index, new TextEncoder().encode(c), p.slug);
    const current = v.retracted || v.version < v.latest_version ? "no" : "yes";
    return { lean, engine: stateOf({ ...v, current }) };
  });
}

// evidence compares what the two say of copies, from a badge document and from the same
// evidence document by document.
export async function evidence(document: string, docs: Map<string, Uint8Array<ArrayBuffer>>, trustFile: Uint8Array, slug: string, genesis: string, now: number, copies: string[]): Promise<Both[]> {
  let editions: Edition[];
  try {
    editions = await verify(document, slug, genesis, now);
  } catch {
    return [];
  }
  const engine = async () => {
    try {
      const trust = await parseTrust(trustFile);
      const p = await openPublication(async (path) => docs.get(path), { trust, slug, now });
      return copies.map((c) => stateOf(checkEvidence(p, indexOf([p]), { form: "html", text: new TextEncoder().encode(c), warnings: [], doubts: [] }, "server", now)));
    } catch (e) {
      return copies.map(() => `refused: ${String(e)}`);
    }
  };
  const said = await engine();
  return copies.map((c, i) => {
    try {
      return { lean: judge(editions, c).state, engine: said[i] as string };
    } catch {
      return { lean: "", engine: said[i] as string };
    }
  });
}

// page compares what the two read of a page; an engine that has doubts says so.
export function page(root: Element): Both {
  const c = walkAll(root);
  const engine = c.doubts.length > 0 ? `doubts: ${c.doubts[0]?.detail}` : decoder.decode(c.text);
  try {
    return { lean: walk(root), engine };
  } catch {
    return { lean: "", engine };
  }
}
