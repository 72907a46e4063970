// The script of the pages for the invited: it copies lines, and signs with a passkey.
// Everything that it shows stands in the page already, in the page's language, and is
// hidden until it is so.
//
// A passkey is made over the invitation (its challenge is SHA-256 of
// "sijil-passkey/v1", NUL and the invitation), and signs the SHA-256 of the exact
// statement that the server gives; the statement then goes back with both answers.

type Fields = { claim: string; post: string; invitation: string; party: string; user: string; keyline: string };

const text = new TextEncoder();
const sha256 = (b: Uint8Array<ArrayBuffer>) => crypto.subtle.digest("SHA-256", b);

function base64(b: Uint8Array): string {
  let s = "";
  for (const x of b) s += String.fromCharCode(x);
  return btoa(s);
}

// copying lets the buttons beside lines copy them.
function copying(): void {
  if (!("clipboard" in navigator)) return;
  for (const button of document.querySelectorAll<HTMLButtonElement>("button.copier")) {
    button.hidden = false;
    const before = button.textContent;
    button.addEventListener("click", () => {
      const line = button.parentElement?.querySelector("pre")?.textContent ?? "";
      void navigator.clipboard.writeText(line).then(() => {
        button.textContent = button.dataset["copied"] ?? "";
        setTimeout(() => (button.textContent = before), 3000);
      });
    });
  }
}

// reveal shows one of the page's messages, and hides the others.
function reveal(what: string, detail = ""): void {
  for (const e of document.querySelectorAll<HTMLElement>("[data-said]")) {
    e.hidden = e.dataset["said"] !== what;
    const place = e.querySelector("[data-detail]");
    if (place) place.textContent = detail;
    if (!e.hidden && e.tabIndex === -1) e.focus();
  }
}

// A passkey, as it was made.
interface Passkey {
  id: Uint8Array<ArrayBuffer>;
  registration: unknown;
}

class Refused extends Error {}
class Unanswered extends Error {}

const patience = 60_000; // milliseconds for an answer
const answered = (address: string, more: RequestInit = {}) =>
  fetch(address, { credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(patience), ...more }).catch(() => undefined);

async function make(f: Fields): Promise<Passkey> {
  const challenge = await sha256(text.encode(`sijil-passkey/v1\0${f.invitation}`));
  const made = (await navigator.credentials.create({
    publicKey: {
      challenge, rp: { id: f.party, name: "Sijil" }, user: { id: crypto.getRandomValues(new Uint8Array(16)), name: f.user, displayName: f.user },
      attestation: "none", pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
    },
  })) as PublicKeyCredential;
  return { id: new Uint8Array(made.rawId), registration: made.toJSON() };
}

// sign gets the statement, has the passkey sign it, and hands both in. It returns the
// digests of the record and of the key.
async function sign(f: Fields, passkey: Passkey, reason: string): Promise<{ record: string; key_digest: string }> {
  const res = await answered(f.claim + (reason === "" ? "" : `&reason=${encodeURIComponent(reason)}`));
  if (!res?.ok) throw new Refused(res && (await why(res)));
  const payload = new Uint8Array(await res.arrayBuffer());
  const signed = (await navigator.credentials.get({
    publicKey: { challenge: await sha256(payload), rpId: f.party, userVerification: "required", allowCredentials: [{ type: "public-key", id: passkey.id }] },
  })) as PublicKeyCredential;
  const body = { payload: base64(payload), registration: passkey.registration, assertion: signed.toJSON(), invitation: f.invitation };
  const answer = await answered(f.post, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer) throw new Unanswered(); // it may be in the log
  if (!answer.ok) throw new Refused(await why(answer));
  return (await answer.json()) as { record: string; key_digest: string };
}

// why is what a problem (RFC 9457) says.
async function why(res: Response): Promise<string> {
  const p = (await res.json().catch(() => ({}))) as { detail?: string; title?: string };
  return p.detail ?? p.title ?? String(res.status);
}

function passkeys(area: HTMLElement): void {
  for (const e of document.querySelectorAll<HTMLElement>("[data-noscript]")) e.hidden = true;
  const f = { ...area.dataset } as unknown as Fields;
  const host = location.hostname;
  const ours = host === f.party || host.endsWith(`.${f.party}`);
  if (!ours || !("PublicKeyCredential" in window) || !("toJSON" in PublicKeyCredential.prototype)) return reveal("unsupported");
  area.hidden = false;
  const step = (name: string) => area.querySelector<HTMLElement>(`[data-step=${name}]`) as HTMLElement;
  const press = (name: string, act: () => Promise<void>) => {
    const button = step(name).querySelector("button") as HTMLButtonElement;
    button.addEventListener("click", () => {
      reveal("wait");
      button.disabled = true;
      act()
        .catch((e: unknown) => reveal(e instanceof DOMException ? "cancelled" : e instanceof Unanswered ? "unanswered" : "failed", e instanceof Refused ? e.message : ""))
        .finally(() => (button.disabled = false));
    });
  };
  let passkey: Passkey | undefined;
  press("make", async () => {
    passkey = await make(f);
    reveal("");
    step("make").hidden = true;
    step("sign").hidden = false;
    step("sign").querySelector("button")?.focus();
  });
  press("sign", async () => {
    if (!passkey) return;
    const got = await sign(f, passkey, area.querySelector<HTMLInputElement>("#reason")?.value.trim() ?? "");
    area.hidden = true;
    const done = document.querySelector("[data-said=done]");
    const put = (name: string, value: string) => {
      const e = done?.querySelector(`[data-${name}]`);
      if (e) e.textContent = value;
    };
    put("record", got.record);
    put("line", f.keyline.replace(/sha256:$/, "") + got.key_digest);
    reveal("done");
  });
}

copying();
const area = document.getElementById("passkey");
if (area) passkeys(area);

export {};
