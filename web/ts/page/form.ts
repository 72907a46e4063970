// Checks what stands in the form on the reader's own device. It is loaded when somebody
// begins to use the form; files that it cannot read go to the server, after it has asked.
import { ExtractError, read } from "../extract/extract.ts";
import { newUnchecked, type Copy } from "../match/match.ts";
import { checkHere } from "./check.ts";
import { h } from "./dom.ts";
import { show } from "./show.ts";
import { say } from "./words.ts";

const field = (form: HTMLFormElement, name: string) => form.elements.namedItem(name) as HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement | null;

// answer checks what the form holds, and shows in area what it is.
export async function answer(form: HTMLFormElement, area: HTMLElement): Promise<void> {
  const chosen = (field(form, "file") as HTMLInputElement).files?.[0];
  const pasted = field(form, "text")?.value ?? "";
  if (chosen && pasted.trim() !== "") return form.submit(); // the server says that two copies arrived
  area.replaceChildren(h("p", { role: "status" }, say("check_checking")));
  const bytes = chosen ? new Uint8Array(await chosen.arrayBuffer()) : new TextEncoder().encode(pasted.replace(/\r\n/g, "\n"));
  let copy: Copy;
  try {
    const what = await read(bytes);
    if (!("copy" in what)) return ask(form, area, what.form);
    copy = what.copy;
  } catch (e) {
    const why = e instanceof ExtractError ? newUnchecked(e.code, e.message, e.hint) : newUnchecked("unreadable", "", "");
    return put(area, show(why, bytes, undefined));
  }
  const { verdict, publication } = await checkHere(copy, field(form, "publication")?.value ?? "");
  put(area, show(verdict, copy.text, publication));
}

// ask says what would be sent, and sends it only then.
function ask(form: HTMLFormElement, area: HTMLElement, kind: string): void {
  const send = h("button", { type: "button" }, say("check_send"));
  const cancel = h("button", { type: "button", class: "plain" }, say("check_cancel"));
  send.addEventListener("click", () => form.submit());
  cancel.addEventListener("click", () => area.replaceChildren());
  put(area, h("section", { class: "note" }, h("p", { tabindex: "-1" }, say("check_ask", { form: say(`form_${kind}`) })), send, " ", cancel));
}

function put(area: HTMLElement, what: HTMLElement): void {
  area.replaceChildren(what);
  const first = what.querySelector<HTMLElement>("[tabindex]");
  first?.focus({ preventScroll: true });
  what.scrollIntoView({ block: "start" });
}
