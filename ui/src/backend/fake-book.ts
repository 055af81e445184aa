/** What the stand-in keeps, and what it has to begin with. */
import type { Conversation, Draft, Message, Model, Settings } from ".";
import { RICH, SHORT } from "./fake-answers";

export type Book = {
  next: number;
  conversations: Conversation[];
  deleted: number[];
  messages: Message[];
  drafts: Record<string, Draft>;
  /** The files, as addresses that hold them. */
  pictures: Record<string, string>;
  models: Model[];
  chosen: string | null;
  settings: Settings;
};
export type Shelf = { read: () => Book; write: (book: Book) => void };

const HOUR_MS = 60 * 60 * 1000;

export function emptyBook(models: Model[]): Book {
  return {
    next: 1,
    conversations: [],
    deleted: [],
    messages: [],
    drafts: {},
    pictures: {},
    models,
    chosen: models[0]?.name ?? null,
    settings: {
      theme: "system",
      sidebarOpen: true,
      openConversation: null,
      model: null,
      panAndScan: true,
      contextTokens: null,
      restAfterMinutes: 60,
      sampling: { temperature: 1, topK: 64, topP: 0.95, minP: 0, seed: null },
    },
  };
}

/** A few conversations of the last weeks, and one of `length` messages where that is asked for. */
export function conversationsToBegin(book: Book, length: number, none: boolean): void {
  if (none || book.models.length === 0) return;
  const kept: [string, number, string][] = [
    ["Why the tide comes twice a day", 0, RICH],
    ["What a lectern is for", 0, SHORT],
    ["Letter to the harbour office", 27, SHORT],
    ["Packing list for a week on foot", 30, SHORT],
    ["The difference between a fugue and a canon", 76, SHORT],
    ["Names for a grey cat", 24 * 9, SHORT],
    ["How to sharpen a chisel", 24 * 16, SHORT],
    ["Reading plan: three books on the sea", 24 * 30, SHORT],
  ];
  for (const [title, hoursAgo, answer] of kept) converse(book, title, hoursAgo, [[title, answer]]);
  if (length > 0) {
    const turns = Array.from({ length: Math.ceil(length / 2) }, (_, turn): [string, string] => [
      `Question ${turn + 1}: what comes next?`,
      turn % 10 === 9 ? RICH : `${SHORT}\n\nThis was answer ${turn + 1}.`,
    ]);
    converse(book, "A long conversation", 0, turns);
  }
}

function converse(book: Book, title: string, hoursAgo: number, turns: [string, string][]): void {
  const updatedMs = Date.now() - hoursAgo * HOUR_MS - book.next * 1000;
  const conversation = { id: book.next++, title, createdMs: updatedMs, updatedMs };
  book.conversations.push(conversation);
  for (const [question, answer] of turns) {
    const common = {
      conversation: conversation.id,
      createdMs: updatedMs,
      cutShort: false,
      pictures: [],
    };
    const answerTokens = Math.ceil(answer.length / 4);
    book.messages.push(
      { ...common, id: book.next++, role: "user", text: question, figures: null },
      {
        ...common,
        id: book.next++,
        role: "model",
        text: answer,
        figures: {
          model: book.chosen ?? "",
          promptTokens: 440,
          cachedTokens: 0,
          answerTokens,
          promptSeconds: 0.4,
          answerSeconds: answerTokens / 24.6,
          contextTokens: 131072,
        },
      },
    );
  }
}
