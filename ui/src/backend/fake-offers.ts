/** What the stand-in offers, on a machine with 16 GB. */
import type { Model, Offer, Offers } from ".";

const MACHINE_BYTES = 16_000_000_000;

type Row = [
  name: string,
  title: string,
  format: string,
  bytes: number,
  weights: number,
  perToken: number,
  speed: number,
];
/** Bytes; the memory of the weights, and what each token adds; tokens written in a second. */
const ROWS: Row[] = [
  ["gemma-3-270m-it-Q8_0", "Gemma 3 270M", "Q8_0", 292e6, 510e6, 3072, 81],
  ["gemma-3-1b-it-Q4_K_M", "Gemma 3 1B", "Q4_K_M", 806e6, 1.1e9, 4096, 31],
  ["gemma-3-4b-it-Q4_K_M", "Gemma 3 4B", "Q4_K_M", 3.35e9, 4.1e9, 20_480, 9.4],
  ["gemma-3-12b-it-Q4_K_M", "Gemma 3 12B", "Q4_K_M", 8.2e9, 9.6e9, 65_536, 3.2],
  ["gemma-3-27b-it-Q4_K_M", "Gemma 3 27B", "Q4_K_M", 17.5e9, 19.5e9, 81_920, 1.4],
];

const fitOf = (memory: number): Offer["fit"] => {
  if (memory <= 0.6 * MACHINE_BYTES) return "well";
  return memory <= 0.85 * MACHINE_BYTES ? "tightly" : "no";
};

export function offersFor(
  here: readonly Model[],
  contextTokens: number | null = null,
  isTested = true,
): Offers {
  const told = contextTokens ?? 8192;
  const offer = ([name, title, format, download, weights, perToken, speed]: Row): Offer => {
    const trained = download > 3e9 ? 131_072 : 32_768;
    const memoryBytes = weights + Math.min(told, trained) * perToken;
    const longest = Math.floor((0.85 * MACHINE_BYTES - weights) / perToken / 1024) * 1024;
    return {
      name,
      title,
      format,
      tuning: "instructed",
      hasEyes: download > 3e9,
      speaksManyLanguages: title !== "Gemma 3 1B",
      contextTokens: trained,
      isGated: false,
      downloadBytes: download,
      memoryBytes,
      fit: fitOf(memoryBytes),
      longestContextTokens: Math.max(Math.min(longest, trained), 0),
      speed: isTested ? { reading: speed * 10, writing: speed } : null,
      isHere: here.some((model) => model.name === name),
      isRecommended: title === "Gemma 3 4B",
    };
  };
  return {
    machineBytes: MACHINE_BYTES,
    contextTokens: told,
    isTested,
    offers: ROWS.map(offer),
  };
}

/** The model that an offer becomes once it is here. */
export const modelOf = (offer: Offer): Model => ({
  name: offer.name,
  title: offer.title,
  path: `/models/${offer.name}`,
  sizeBytes: offer.downloadBytes,
  format: offer.format,
  tuning: offer.tuning,
  contextTokens: offer.contextTokens,
  hasEyes: offer.hasEyes,
  place: "ours",
  program: null,
});
