/** What a reply's events do to a conversation. Pure: its test needs no model and no window. */
import type { Message, ReplyEvent } from "../backend";

/** What is being done for the last question. */
export type Phase =
  | { kind: "idle" }
  | { kind: "sending" }
  | { kind: "waiting" }
  | { kind: "loading" }
  | { kind: "looking"; view: number; views: number; share: number; secondsLeft: number | null }
  | { kind: "reading"; done: number; total: number; secondsLeft: number | null }
  | { kind: "writing"; tokens: number; tokensPerSecond: number };

export type Reply = { messages: readonly Message[]; phase: Phase };

export const IDLE: Phase = { kind: "idle" };

/** The conversation as it stands after `event`. */
export function apply(reply: Reply, event: ReplyEvent): Reply {
  const { messages } = reply;
  switch (event.kind) {
    case "asked":
      return { messages: add(messages, event.message), phase: reply.phase };
    case "waiting":
    case "loading":
      return { messages, phase: { kind: event.kind } };
    case "started":
      return {
        messages: add(messages, event.message),
        phase: { kind: "reading", done: 0, total: 0, secondsLeft: null },
      };
    case "looking":
    case "reading":
      return { messages, phase: event };
    case "text": {
      const { tokens, tokensPerSecond } = event;
      return {
        messages: replace(messages, event.message, (answer) => ({
          ...answer,
          text: answer.text + event.delta,
        })),
        phase: { kind: "writing", tokens, tokensPerSecond },
      };
    }
    case "ended":
      return { messages: replace(messages, event.message.id, () => event.message), phase: IDLE };
  }
}

/** Once only, also where the messages were read anew before the event came. */
function add(messages: readonly Message[], message: Message): readonly Message[] {
  const here = messages.some(({ id }) => id === message.id);
  return here ? messages : [...messages, message];
}

/** The message with `id`, which is nearly always the last, replaced by what `change` makes of it. */
function replace(
  messages: readonly Message[],
  id: number,
  change: (message: Message) => Message,
): readonly Message[] {
  const place = messages.findLastIndex((message) => message.id === id);
  const message = messages[place];
  return message === undefined ? messages : messages.with(place, change(message));
}
