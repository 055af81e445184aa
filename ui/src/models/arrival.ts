/** A model on its way: what is being done, how much has come, how fast. Pure. */
import type { FetchEvent } from "../backend";

export type Arrival = {
  /** What is coming: "Gemma 3 4B". */
  title: string;
  step: string;
  doneBytes: number;
  totalBytes: number;
  secondsLeft: number | null;
  bytesPerSecond: number | null;
  /** The last moment the speed was measured at, and what had come by then. */
  mark: { ms: number; bytes: number } | null;
};

/** A speed measured over less than this jumps too much to be read. */
const SPEED_SPAN_MS = 700;
/** How much of the speed before stays when a new one is measured. */
const SPEED_MEMORY = 0.6;

export const nothingYet = (title: string, step: string): Arrival => ({
  title,
  step,
  doneBytes: 0,
  totalBytes: 0,
  secondsLeft: null,
  bytesPerSecond: null,
  mark: null,
});

/** The arrival after `event`, heard at `nowMs`. */
export function heard(arrival: Arrival, event: FetchEvent, nowMs: number): Arrival {
  switch (event.kind) {
    case "step":
      return nothingYet(arrival.title, event.what);
    case "progress": {
      const { doneBytes, totalBytes, secondsLeft } = event;
      const next = { ...arrival, doneBytes, totalBytes, secondsLeft };
      return { ...next, ...measured(arrival, doneBytes, nowMs) };
    }
    case "done":
    case "cancelled":
      return arrival;
  }
}

function measured(
  { mark, bytesPerSecond }: Arrival,
  doneBytes: number,
  nowMs: number,
): Pick<Arrival, "mark" | "bytesPerSecond"> {
  const here = { ms: nowMs, bytes: doneBytes };
  // What was already on the disk when the fetch began says nothing about speed.
  if (mark === null || doneBytes < mark.bytes) return { mark: here, bytesPerSecond: null };
  const spanMs = nowMs - mark.ms;
  if (spanMs < SPEED_SPAN_MS) return { mark, bytesPerSecond };
  const fresh = ((doneBytes - mark.bytes) / spanMs) * 1000;
  const smooth =
    bytesPerSecond === null ? fresh : SPEED_MEMORY * bytesPerSecond + (1 - SPEED_MEMORY) * fresh;
  return { mark: here, bytesPerSecond: smooth };
}
