import { expect, test } from "vitest";
import type { Message, ReplyEvent, Role } from "../backend";
import { apply, IDLE, type Reply } from "./apply";

const message = (id: number, role: Role, text: string): Message => ({
  id,
  conversation: 1,
  role,
  text,
  createdMs: 0,
  cutShort: role === "model",
  figures: null,
  pictures: [],
});

const EMPTY: Reply = { messages: [], phase: IDLE };
const asked: ReplyEvent = { kind: "asked", message: message(1, "user", "Why?") };
const started: ReplyEvent = { kind: "started", message: message(2, "model", "") };
const text = (delta: string): ReplyEvent => ({
  kind: "text",
  message: 2,
  delta,
  tokens: 3,
  tokensPerSecond: 30,
});
const ended: ReplyEvent = {
  kind: "ended",
  message: { ...message(2, "model", "Because."), cutShort: false },
};

function check(events: ReplyEvent[], texts: string[], phase: Reply["phase"]["kind"]) {
  const after = events.reduce(apply, EMPTY);
  expect(after.messages.map((each) => each.text)).toEqual(texts);
  expect(after.phase.kind).toBe(phase);
}

test("a question is there before anything is done for it", () => {
  check([asked], ["Why?"], "idle");
  check([asked, { kind: "waiting" }], ["Why?"], "waiting");
  check([asked, { kind: "waiting" }, { kind: "loading" }], ["Why?"], "loading");
});

test("an answer is there, empty, while its prompt is read", () => {
  check([asked, started], ["Why?", ""], "reading");
});

test("words are added to the answer they belong to", () => {
  check([asked, started, text("Beca"), text("use")], ["Why?", "Because"], "writing");
});

test("the answer ends as it is kept", () => {
  check([asked, started, text("Beca"), ended], ["Why?", "Because."], "idle");
});

test("a message that is here already does not come twice", () => {
  check([asked, asked, started, text("Be"), started], ["Why?", "Be"], "reading");
});

test("words for a message that is not here change nothing", () => {
  check([asked, text("lost")], ["Why?"], "writing");
});
