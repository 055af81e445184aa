import { expect, test } from "vitest";
import type { Backend, Message, Question, ReplyEvent } from "../backend";
import { OpenConversation } from "./conversation.svelte";

type Script = (tell: (event: ReplyEvent) => void, kept: Message[]) => Promise<void>;

const message = (id: number, role: Message["role"], text: string): Message => ({
  id,
  conversation: 7,
  role,
  text,
  createdMs: 0,
  cutShort: role === "model",
  figures: null,
  pictures: [],
});
const question = message(1, "user", "Why?");
const empty = message(2, "model", "");
const answer = { ...message(2, "model", "Because."), cutShort: false };
const failure = { code: "other", message: "it broke", hint: null } as const;

/** A conversation whose next reply goes as `script` says, and what was kept meanwhile. */
function desk(script: Script) {
  const kept: Message[] = [];
  const drafts: Record<string, string> = {};
  const backend = {
    readDraft: async (id: number | null) => ({ text: drafts[String(id)] ?? "", pictures: [] }),
    saveDraft: async (id: number | null, text: string) => void (drafts[String(id)] = text),
    newConversation: async () => ({ id: 7, title: "", createdMs: 0, updatedMs: 0 }),
    listMessages: async () => [...kept],
    sendMessage: (_id: number, _question: Question, tell: (event: ReplyEvent) => void) =>
      script(tell, kept),
    stopReply: async () => {},
  } as Partial<Backend> as Backend;
  const reports = { onbegun: () => {}, onchanged: () => {} };
  return { open: new OpenConversation(backend, null, reports), drafts };
}

async function ask(open: OpenConversation, text: string): Promise<void> {
  open.draft.write(text);
  await open.send(false);
}

test("an answer comes, ends, and leaves nothing unsent", async () => {
  const { open, drafts } = desk(async (tell) => {
    tell({ kind: "asked", message: question });
    tell({ kind: "started", message: empty });
    tell({ kind: "text", message: 2, delta: "Beca", tokens: 1, tokensPerSecond: 9 });
    tell({ kind: "ended", message: answer });
  });
  open.draft.write("Why?");
  await open.draft.save();
  await open.send(false);
  expect(open.messages).toEqual([question, answer]);
  expect(open.phase.kind).toBe("idle");
  expect(open.draft.text).toBe("");
  expect(drafts).toEqual({ null: "", 7: "" });
});

test("a question that was not kept is back where it was written", async () => {
  const { open, drafts } = desk(async () => {
    throw failure;
  });
  await ask(open, "Why?");
  expect(open.draft.text).toBe("Why?");
  expect(open.fault).toEqual({ failure, question: null });
  expect(drafts["7"]).toBe("Why?");
});

test("a question that was kept can be asked again, also where its event came too late", async () => {
  let late: (event: ReplyEvent) => void = () => {};
  const { open } = desk(async (tell, kept) => {
    late = tell;
    kept.push(question);
    throw failure;
  });
  await ask(open, "Why?");
  late({ kind: "asked", message: question });
  late({ kind: "started", message: empty });
  expect(open.draft.text).toBe("");
  expect(open.fault).toEqual({ failure, question: { text: "Why?", pictures: [] } });
  expect(open.messages).toEqual([question]);
  expect(open.phase.kind).toBe("idle");
});

test("an ending that never came is read from where it is kept", async () => {
  const { open } = desk(async (tell, kept) => {
    tell({ kind: "asked", message: question });
    tell({ kind: "started", message: empty });
    kept.push(question, answer);
  });
  await ask(open, "Why?");
  expect(open.messages).toEqual([question, answer]);
  expect(open.replying).toBe(false);
});

test("nothing is sent while an answer is being written", async () => {
  let asked = 0;
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const { open } = desk(async (tell) => {
    asked += 1;
    tell({ kind: "asked", message: question });
    await ended;
    tell({ kind: "ended", message: answer });
  });
  const first = ask(open, "Why?");
  await ask(open, "And why?");
  end();
  await first;
  expect(asked).toBe(1);
});

test("asking again leaves alone what was written since", async () => {
  let broken = true;
  const { open } = desk(async (tell, kept) => {
    kept.push(question);
    if (broken) throw failure;
    tell({ kind: "asked", message: question });
    tell({ kind: "started", message: empty });
    tell({ kind: "ended", message: answer });
  });
  await ask(open, "Why?");
  open.draft.write("And how?");
  broken = false;
  const again = open.fault?.question;
  if (again) await open.askAgain(again);
  expect(open.fault).toBe(null);
  expect(open.draft.text).toBe("And how?");
});
