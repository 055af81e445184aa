/** Which addresses a person may be asked to open: pages of the web, spelled out. */

/** The address as the system's browser will get it, or `null` when it is not one to open. */
export function webAddress(href: string): string | null {
  // Parsing with a base would turn "notes.html" into a page of this window.
  if (!URL.canParse(href)) return null;
  const url = new URL(href);
  const web = url.protocol === "http:" || url.protocol === "https:";
  return web && url.hostname !== "" ? url.href : null;
}

/** The parts of an address, so that the one that says where it leads can be set apart. */
export function partsOf(url: string): { before: string; host: string; after: string } {
  const { host } = new URL(url);
  const place = url.indexOf(host, url.indexOf("//") + userLength(url));
  return { before: url.slice(0, place), host, after: url.slice(place + host.length) };
}

/** `https://bank.example@evil.example` leads to evil.example: the host comes after the user. */
function userLength(url: string): number {
  const { username, password } = new URL(url);
  return username.length + password.length;
}
