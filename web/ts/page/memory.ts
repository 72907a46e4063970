// What this browser keeps of a log between visits. What cannot be kept, in a private
// window or where the browser keeps nothing for a file, is not: a first visit is one again.
import { EvidenceError, newer, openPublication, type Memory, type Options, type Publication } from "../evidence/evidence.ts";
import type { Trust } from "../keys/policy.ts";
import type { Fetch } from "../log/tiles.ts";

// Store is a part of the browser's storage, under names that begin alike.
export class Store {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  recall(name: string): string | undefined {
    try {
      return localStorage.getItem(this.#prefix + name) ?? undefined;
    } catch {
      return undefined;
    }
  }

  // keep reports whether it did.
  keep(name: string, value: string): boolean {
    try {
      localStorage.setItem(this.#prefix + name, value);
      return true;
    } catch {
      return false;
    }
  }

  // What is damaged counts as nothing that was kept.
  #json<T>(name: string, none: T): T {
    try {
      return JSON.parse(this.recall(name) ?? "") as T;
    } catch {
      return none;
    }
  }

  // pin keeps every genesis digest that was seen, and refuses another one.
  pin(trust: Trust): void {
    const seen = new Map(Object.entries(this.#json<Record<string, string>>("genesis", {})));
    for (const [slug, genesis] of trust.publications) {
      if ((seen.get(slug) ?? genesis) !== genesis) throw new EvidenceError("log-misbehaved", `${slug}: ${seen.get(slug)} → ${genesis}`);
      seen.set(slug, genesis);
    }
    this.keep("genesis", JSON.stringify(Object.fromEntries(seen)));
  }

  // open is openPublication, held against what was seen last, which it then keeps.
  async open(fetch: Fetch, o: Options): Promise<Publication> {
    const p = await openPublication(fetch, { ...o, memory: this.#memory() });
    // Another publication may have been opened meanwhile.
    this.keep("memory", JSON.stringify(newer(this.#memory(), p.remember)));
    return p;
  }

  #memory(): Memory {
    const kept = this.#json<Partial<Memory> | null>("memory", null);
    return kept && typeof kept.heads === "object" && kept.heads ? { ...kept, heads: kept.heads } : { heads: {} };
  }
}
