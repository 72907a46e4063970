// What the page says, from the catalogue of its language.
import en from "../../messages/en.json";

const catalogue: Record<string, string> = en;

// say returns a message with its values; undefined where there is none.
export function find(id: string, values: Record<string, string | number> = {}): string | undefined {
  return catalogue[id]?.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

export const say = (id: string, values: Record<string, string | number> = {}) => find(id, values) ?? id;
