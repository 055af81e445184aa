import type { Failure } from "../backend";
import { words } from "../words";

/**
 * Whatever was thrown, in the two texts a person is shown. The Rust side throws `Failure`s; anything
 * else is a fault of the page itself or of the wire, and says so.
 */
export function failureOf(thrown: unknown): Failure {
  if (isFailure(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "other", message: words.fault.unexpected(message), hint: words.fault.restart };
}

function isFailure(thrown: unknown): thrown is Failure {
  return typeof thrown === "object" && thrown !== null && "message" in thrown && "hint" in thrown;
}
