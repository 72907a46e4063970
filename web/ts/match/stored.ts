// Published texts and versions as the index holds them. Mirrors internal/match/stored.go.
import type { Token } from "../text/text.ts";
import type { Bullets } from "./copied.ts";
import type { IDs } from "./diff.ts";
import type { NameList } from "./list.ts";

export interface VersionEntry {
  slug: string;
  genesis: string;
  number: number;
  latest: () => number; // of the publication
  retracted: boolean;
  texts: Map<string, Stored>; // by language
  list: NameList;
}

export interface Ref {
  version: VersionEntry;
  lang: string;
}

// Stored is one published text file, shared by the versions with the same bytes.
export interface Stored {
  raw: Uint8Array;
  text: string; // of raw
  canon: string;
  bare: string; // the canonical form without bullets at line starts
  tokens: Token[]; // without bullets at line starts
  bullets: Bullets;
  refs: Ref[]; // never empty
}

// Doc is a stored text while a copy is compared with it: its ids are those of one
// comparison.
export interface Doc {
  stored: Stored;
  tokens: Token[];
  bullets: Bullets;
  ids: IDs;
}

// Vocabulary numbers the words of one copy, and of the texts that it is held against.
export type Vocabulary = Map<string, number>;

export function number(v: Vocabulary, tokens: Token[]): IDs {
  const ids = new Uint32Array(tokens.length);
  tokens.forEach((t, i) => {
    let id = v.get(t.text);
    if (id === undefined) v.set(t.text, (id = v.size));
    ids[i] = id;
  });
  return ids;
}
