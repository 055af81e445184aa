/** What the stand-in offers, on a machine with 16 GB. */
import type { Model, Offer, Offers } from ".";

const MACHINE_BYTES = 16_000_000_000;

type Row = [name: string, title: string, format: string, bytes: number, memory: number];
const ROWS: Row[] = [
  ["gemma-3-270m-it-Q8_0", "Gemma 3 270M", "Q8_0", 292e6, 510e6],
  ["gemma-3-1b-it-Q4_K_M", "Gemma 3 1B", "Q4_K_M", 677e6, 1.0e9],
  ["gemma-3-4b-it-Q4_K_M", "Gemma 3 4B", "Q4_K_M", 3.35e9, 4.1e9],
  ["gemma-3-12b-it-Q4_K_M", "Gemma 3 12B", "Q4_K_M", 8.2e9, 10.1e9],
  ["gemma-3-27b-it-Q4_K_M", "Gemma 3 27B", "Q4_K_M", 17.5e9, 20.1e9],
];

const fitOf = (memory: number): Offer["fit"] => {
  if (memory <= 0.6 * MACHINE_BYTES) return "well";
  return memory <= 0.85 * MACHINE_BYTES ? "tightly" : "no";
};

export const offersFor = (here: readonly Model[]): Offers => ({
  machineBytes: MACHINE_BYTES,
  contextTokens: 8192,
  offers: ROWS.map(([name, title, format, downloadBytes, memoryBytes]) => ({
    name,
    title,
    format,
    tuning: "instructed",
    hasEyes: downloadBytes > 3e9,
    contextTokens: downloadBytes > 3e9 ? 131_072 : 32_768,
    isGated: false,
    downloadBytes,
    memoryBytes,
    fit: fitOf(memoryBytes),
    isHere: here.some((model) => model.name === name),
    isRecommended: title === "Gemma 3 4B",
  })),
});

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
});
