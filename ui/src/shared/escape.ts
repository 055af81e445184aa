/**
 * Who answers to Escape: the last thing that opened. A menu over a dialog over a running answer
 * closes first, then the dialog, and only then the answer stops.
 */
import { isComposing } from "./keys";

const takers: (() => void)[] = [];

/** `take` answers to Escape until the returned function is called. Fits a Svelte `$effect`. */
export function takeEscape(take: () => void): () => void {
  takers.push(take);
  return () => {
    const place = takers.lastIndexOf(take);
    if (place >= 0) takers.splice(place, 1);
  };
}

/** Gives Escape to the last taker. Yields false when nobody wanted it. */
export function giveEscape(event: KeyboardEvent): boolean {
  if (event.key !== "Escape" || event.defaultPrevented || isComposing(event)) return false;
  const taker = takers.at(-1);
  if (taker === undefined) return false;
  event.preventDefault();
  taker();
  return true;
}
