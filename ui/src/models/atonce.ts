/** How much a model reads at once, as the stops of one slider. Pure. */

/** A novel's page: 300 words, and four tokens are about three words. */
const TOKENS_PER_PAGE = 400;

/** `null`, at the end, is as much as the computer carries. */
export const STOPS: readonly (number | null)[] = [
  2048,
  4096,
  8192,
  16_384,
  32_768,
  65_536,
  131_072,
  null,
];

/** The stop that a number of tokens is at, or the next below it. */
export function stopOf(tokens: number | null): number {
  if (tokens === null) return STOPS.length - 1;
  const reached = STOPS.filter((stop) => stop !== null && stop <= tokens);
  return Math.max(reached.length - 1, 0);
}

/** Two digits are as much as a page can mean. */
export function pages(tokens: number): number {
  const exact = tokens / TOKENS_PER_PAGE;
  const grain = 10 ** Math.max(Math.floor(Math.log10(exact)) - 1, 0);
  return Math.max(Math.round(exact / grain) * grain, 1);
}
