// Checks what stands in the form on the reader's own device. It is loaded when somebody
// begins to use the form; files that it cannot read go to the server, after it has asked.
import { ExtractError, read, type Office } from "../extract/extract.ts";
import { newUnchecked, type Copy } from "../match/match.ts";
import { checkHere } from "./check.ts";
import { h } from "./dom.ts";
import { here, show } from "./show.ts";
import { learn, say } from "./words.ts";

// Set when this script is built: the file of what reads archives. The digest in its
// name makes it the one that this script was built with.
declare const OFFICE: string;
const office: Office = () => import(new URL(OFFICE, import.meta.url).href);

const field = (form: HTMLFormElement, name: string) => form.elements.namedItem(name) as HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement | null;

// answer checks what the form holds, and shows in area what it is. Without the words to
// say it, the server answers.
export async function answer(form: HTMLFormElement, area: HTMLElement): Promise<void> {
  try {
    await learn();
  } catch {
    return form.submit();
  }
  const chosen = (field(form, "file") as HTMLInputElement).files?.[0];
  const pasted = field(form, "text")?.value ?? "";
  const address = field(form, "address")?.value ?? "";
  if ((chosen ? 1 : 0) + (pasted.trim() !== "" ? 1 : 0) + (address !== "" ? 1 : 0) > 1) {
    return put(area, show(newUnchecked("two-copies", "", ""), new Uint8Array(), undefined));
  }
  if (address !== "") return ask(form, area, say("check_ask_address"));
  area.replaceChildren(h("p", { role: "status" }, say("check_checking")));
  const bytes = chosen ? new Uint8Array(await chosen.arrayBuffer()) : new TextEncoder().encode(pasted.replace(/\r\n/g, "\n"));
  let copy: Copy;
  try {
    const what = await read(bytes, office);
    if (!("copy" in what)) return ask(form, area, say("check_ask", { form: say(`kind_${what.form}`) }));
    copy = what.copy;
  } catch (e) {
    const why = e instanceof ExtractError ? newUnchecked(e.code, e.message, e.hint) : newUnchecked("unreadable", "", "");
    return put(area, show(why, bytes, undefined));
  }
  const { verdict, publication, saved } = await checkHere(copy, field(form, "publication")?.value ?? "", form.dataset["genesis"] ?? "");
  put(area, show(verdict, copy.text, publication, here(saved)));
}

// ask says what would be sent, and sends it only then.
function ask(form: HTMLFormElement, area: HTMLElement, words: string): void {
  const send = h("button", { type: "button" }, say("check_send"));
  const cancel = h("button", { type: "button", class: "plain" }, say("check_cancel"));
  send.addEventListener("click", () => form.submit());
  cancel.addEventListener("click", () => area.replaceChildren());
  put(area, h("section", { class: "note" }, h("p", { tabindex: "-1" }, words), send, " ", cancel));
}

function put(area: HTMLElement, what: HTMLElement): void {
  area.replaceChildren(what);
  const first = what.querySelector<HTMLElement>("[tabindex]");
  first?.focus({ preventScroll: true });
  what.scrollIntoView({ block: "start" });
}

// refused says that the browser did not give what is on the clipboard.
export async function refused(area: HTMLElement): Promise<void> {
  await learn();
  put(area, h("p", { class: "note", tabindex: "-1" }, say("check_clipboard")));
}
