// The script of every page: it lets the form be answered on the reader's own device,
// and the pages work without a network. Every page works without it. What does the work
// (form.ts) is loaded when somebody begins to use the form, from the address that the
// page names.

type Answer = typeof import("./form.ts");

const named = (name: string) => document.querySelector<HTMLMetaElement>(`meta[name=sijil-${name}]`)?.content ?? "";
const prefix = /^\/(en|fr|ar)(?=\/|$)/.exec(location.pathname)?.[0] ?? "";

function start(form: HTMLFormElement, engine: string): () => void {
  let loading: Promise<Answer> | undefined;
  const load = () => (loading ??= import(engine) as Promise<Answer>);
  const area = document.createElement("div");
  area.id = "answer";
  area.setAttribute("aria-live", "polite");
  form.after(area);
  const answer = () =>
    void load().then(
      (m) => m.answer(form, area),
      () => form.submit(), // it could not be loaded: the server answers
    );
  for (const kind of ["focusin", "pointerdown"]) form.addEventListener(kind, () => void load().catch(() => (loading = undefined)), { once: true });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer();
  });
  for (const kind of ["dragover", "drop"]) form.addEventListener(kind, (event) => drop(form, event as DragEvent) && answer());
  clipboard(form, area, load, answer);
  return answer;
}

// drop puts a dropped file into the form, and reports whether it did.
function drop(form: HTMLFormElement, event: DragEvent): boolean {
  const files = event.dataTransfer?.files;
  if (!files) return false;
  event.preventDefault();
  if (event.type !== "drop" || files.length === 0) return false;
  fill(form, "", files);
  return true;
}

// fill puts what is to be checked into the form.
function fill(form: HTMLFormElement, text: string, files: FileList | null): void {
  (form.elements.namedItem("file") as HTMLInputElement).files = files;
  (form.elements.namedItem("text") as HTMLTextAreaElement).value = text;
  const address = form.elements.namedItem("address") as HTMLInputElement | null;
  if (address) address.value = "";
}

const none = () => new DataTransfer().files;
const roomy = 200_000; // characters that a text field shows without holding up the page

// paste puts a text into the form: into its field, or as a file where it is huge.
function paste(form: HTMLFormElement, text: string): void {
  if (text.length <= roomy) return fill(form, text, none());
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], "text.txt", { type: "text/plain" }));
  fill(form, "", transfer.files);
}

// clipboard offers to paste, where the browser lets a page ask: the way in for phones
// whose system does not share into web apps.
function clipboard(form: HTMLFormElement, area: HTMLElement, load: () => Promise<Answer>, answer: () => void): void {
  const offer = form.querySelector<HTMLElement>(".clipboard");
  if (!offer || !("clipboard" in navigator) || !("readText" in navigator.clipboard)) return;
  offer.hidden = false;
  offer.firstElementChild?.addEventListener("click", () => {
    navigator.clipboard.readText().then(
      (text) => {
        paste(form, text);
        answer();
      },
      () => void load().then((m) => m.refused(area)),
    );
  });
}

// follow does what a code or link behind the # asks for: a publication, and its genesis.
function follow(form: HTMLFormElement): void {
  const asked = new URLSearchParams(location.hash.slice(1));
  const slug = asked.get("check");
  const field = form.elements.namedItem("publication") as HTMLSelectElement | HTMLInputElement | null;
  if (!slug || !field) return;
  const before = field.value;
  field.value = slug;
  if (field.value !== slug) return void (field.value = before);
  form.dataset["genesis"] = asked.get("genesis") ?? "";
  form.scrollIntoView({ block: "start", behavior: "instant" });
  form.querySelector("textarea")?.focus({ preventScroll: true });
}

// received takes what another app shared, which the worker keeps until it is asked.
async function received(form: HTMLFormElement, answer: () => void): Promise<void> {
  const res = await fetch("/share/received", { cache: "no-store" });
  if (!res.headers.has("Sijil-Shared")) return;
  const data = await res.formData();
  const file = data.get("file");
  const transfer = new DataTransfer();
  if (file instanceof File) transfer.items.add(file);
  const words = ["text", "title"].map((name) => data.get(name)).find((v) => typeof v === "string" && v.trim() !== "");
  const text = transfer.files.length > 0 ? "" : String(words ?? "");
  if (transfer.files.length > 0) fill(form, "", transfer.files);
  else paste(form, text);
  const address = form.elements.namedItem("address") as HTMLInputElement | null;
  const url = String(data.get("url") || (/^https?:\/\/\S+$/.test(text.trim()) ? text.trim() : ""));
  if (url !== "" && address && (text.trim() === "" || text.trim() === url)) {
    fill(form, "", none());
    address.value = url;
  }
  history.replaceState(null, "", location.pathname);
  answer();
}

// install sets up the worker that keeps pages and evidence for when there is no network,
// and tells it what this page needs.
async function install(engine: string): Promise<void> {
  const address = "/worker.js";
  // Only this one address ever becomes a script.
  const policy = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(s: string): string } } }).trustedTypes?.createPolicy(
    "sijil-worker", { createScriptURL: () => address });
  await navigator.serviceWorker.register(policy ? policy.createScriptURL(address) : address, { scope: "/" });
  const worker = (await navigator.serviceWorker.ready).active;
  const style = document.querySelector<HTMLLinkElement>("link[rel=stylesheet]")?.href ?? "";
  const script = document.querySelector<HTMLScriptElement>("script[type=module]")?.src ?? "";
  worker?.postMessage({ keep: [`${prefix}/`, engine, named("words"), style, script] });
}

const form = document.querySelector<HTMLFormElement>("form.check:not(.plain,.two)");
const engine = named("engine");
if (form && engine && "subtle" in crypto) {
  const answer = start(form, engine);
  follow(form);
  addEventListener("hashchange", () => follow(form));
  if (location.search === "?shared") void received(form, answer).catch(() => undefined);
}
if ("serviceWorker" in navigator && engine) {
  // After the page is there: what is for later does not delay it.
  addEventListener("load", () => void install(engine).catch(() => undefined));
}

export {};
