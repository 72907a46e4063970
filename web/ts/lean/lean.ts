// The lean path of the badge: the states that can be proved plainly, with one request.
// Whatever throws is handed to the engine, whose judgement is final.
import type { Ask } from "../badge/badge.ts";
import { verify } from "./evidence.ts";
import { judge, type Judgement } from "./match.ts";
import { walk } from "./walk.ts";

// judgeLean throws where the engine has to look.
export async function judgeLean({ base, slug, genesis, article, badge, signal }: Ask): Promise<Judgement> {
  const words = walk(article, badge);
  const res = await fetch(`${base}/api/v1/publications/${slug}/badge.json`, { signal, credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
  return judge(await verify(await res.text(), slug, genesis, Date.now() / 1000), words);
}
