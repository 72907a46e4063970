// Shows, below a badge, where the words of its page differ from the published ones.
import type { Verdict } from "../match/verdict.ts";

const css = `details{max-inline-size:36em;font-size:.9em}summary{min-block-size:24px;cursor:pointer}ul{margin:.5em 0;padding:0;list-style:none;max-block-size:20em;overflow:auto}li{margin:.4em 0;overflow-wrap:anywhere}
del,ins{padding:.1em .25em;border-radius:3px}del{background:#c2571c33}ins{background:#68799b33;text-decoration:none;border-block-end:2px solid}i{font-style:normal;opacity:.8}`;
const most = 100; // differences

export interface Words {
  differences: string;
  published: string;
  here: string;
}

// view is what there is to open; its styles go to root.
export function view(v: Verdict, say: Words, root: ShadowRoot): Element {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [root.adoptedStyleSheets[0] as CSSStyleSheet, sheet];
  const make = (name: string, ...children: (Node | string)[]) => {
    const e = document.createElement(name);
    e.dir = "auto";
    e.append(...children);
    return e;
  };
  const pairs = [
    ...v.changes.map((c) => [c.published, c.copy]),
    ...v.signatories.changed.map((c) => [c.published, c.copy]),
    ...v.signatories.missing.map((n) => [n.name, ""]),
    ...v.signatories.added.map((n) => ["", n.name]),
  ] as [string, string][];
  const items = pairs.slice(0, most).map(([published, here]) =>
    make("li", ...(published ? [make("i", `${say.published} `), make("del", published), " "] : []), ...(here ? [make("i", `${say.here} `), make("ins", here)] : [])),
  );
  return make("details", make("summary", say.differences), make("ul", ...items, ...(pairs.length > most ? [make("li", "…")] : [])));
}
