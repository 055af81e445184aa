/** How full the model's context is, from the figures of the last answer that has some. */
import type { Message } from "../backend";

export type Fullness = "calm" | "warn" | "critical";
export type Context = { used: number; limit: number; share: number; fullness: Fullness };

const WARN = 0.8;
const CRITICAL = 0.95;

export function contextOf(messages: readonly Message[]): Context | null {
  const figures = messages.findLast((message) => message.figures !== null)?.figures;
  if (figures === undefined || figures === null || figures.contextTokens <= 0) return null;
  const used = figures.promptTokens + figures.answerTokens;
  const share = Math.min(used / figures.contextTokens, 1);
  const fullness = share >= CRITICAL ? "critical" : share >= WARN ? "warn" : "calm";
  return { used, limit: figures.contextTokens, share, fullness };
}
