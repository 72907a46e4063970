// The drawing and the colour of each state that a badge may have at first. Of these,
// authentic alone has a tick; in more.ts, excerpt has one.
export type Looks = Record<string, [path: string, tone: string]>;

export const looks: Looks = {
  authentic: ["M5 12.5l4.5 4.5L19 7.5", "same"],
  superseded: ["M12 5v7l5 3", "open"],
  retracted: ["M6 6l12 12M18 6L6 18", "different"],
  unchecked: ["M12 4v10.5M12 19.4v.1", "open"],
  checking: ["M6 12h.1M12 12h.1M18 12h.1", "open"],
};
