// The script of every page: it lets the form be answered on the reader's own device.
// Every page works without it. What does the work (form.ts) is loaded when somebody
// begins to use the form, from the address that the page names.

type Answer = typeof import("./form.ts");

function start(form: HTMLFormElement, engine: string): void {
  let loading: Promise<Answer> | undefined;
  const load = () => (loading ??= import(engine) as Promise<Answer>);
  const area = document.createElement("div");
  area.id = "answer";
  area.setAttribute("aria-live", "polite");
  form.after(area);
  const answer = () =>
    load().then(
      (m) => m.answer(form, area),
      () => form.submit(), // it could not be loaded: the server answers
    );
  for (const kind of ["focusin", "pointerdown"]) form.addEventListener(kind, () => void load().catch(() => (loading = undefined)), { once: true });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void answer();
  });
  for (const kind of ["dragover", "drop"]) form.addEventListener(kind, (event) => drop(form, event as DragEvent) && void answer());
}

// drop puts a dropped file into the form, and reports whether it did.
function drop(form: HTMLFormElement, event: DragEvent): boolean {
  const files = event.dataTransfer?.files;
  if (!files) return false;
  event.preventDefault();
  if (event.type !== "drop" || files.length === 0) return false;
  (form.elements.namedItem("file") as HTMLInputElement).files = files;
  (form.elements.namedItem("text") as HTMLTextAreaElement).value = "";
  return true;
}

const form = document.querySelector<HTMLFormElement>("form.check");
const engine = document.querySelector<HTMLMetaElement>("meta[name=sijil-engine]")?.content;
if (form && engine && "subtle" in crypto) start(form, engine);

export {};
