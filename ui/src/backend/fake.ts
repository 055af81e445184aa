/**
 * A stand-in for Lectern in a plain browser: for `npm run dev` without the application and for the
 * browser journeys. It keeps what it is given in the page's storage, answers slowly, and misbehaves
 * where the page's address says so. It is not part of a release.
 *
 *   ?model=none|base          nothing is here yet, or only a base model
 *   ?say=short|rich|hostile|rtl|long   what it answers whatever it is asked
 *   ?pace=24                  milliseconds between words
 *   ?look=900                 milliseconds it takes to look at a picture
 *   ?elsewhere                Ollama has a model on this computer
 *   ?gated                    what is fetched takes a token
 *   ?line=bad                 the line breaks again and again
 *   ?test=500                 milliseconds that each measurement of the computer takes
 *   ?import=3000              milliseconds it takes to take a file in
 *   ?read=6000                milliseconds it takes to read the prompt
 *   ?wait, ?loading           milliseconds it waits for another answer, or loads the model
 *   ?fail=send|answer|models|load|fetch|draft|settings|offers
 *   ?messages=300             there is a conversation this long
 *   ?full=0.9                 how much of the context each answer says is in use
 */
import type { Backend, Failure, Message, Question, ReplyEvent, Settings, Shown } from ".";
import { answerTo, named } from "./fake-answers";
import { FakeModels, modelsToBegin, rest } from "./fake-models";
import { read } from "./fake-pictures";
import { conversationsToBegin, emptyBook, type Book, type Shelf } from "./fake-book";

export function fakeFrom(query: URLSearchParams, storage: Storage): Backend {
  const shelf: Shelf = {
    read: () => {
      const kept = storage.getItem("lectern");
      return kept === null ? begin() : (JSON.parse(kept) as Book);
    },
    write: (book) => storage.setItem("lectern", JSON.stringify(book)),
  };
  const begin = () => {
    const book = emptyBook(modelsToBegin(query.get("model")));
    conversationsToBegin(book, Number(query.get("messages") ?? 0), query.has("empty"));
    return book;
  };
  return new Fake(query, shelf);
}

class Fake extends FakeModels implements Backend {
  #stopped = new Set<number>();

  async listConversations() {
    const { conversations, deleted } = this.book;
    return structuredClone(conversations.filter(({ id }) => !deleted.includes(id)));
  }

  async newConversation() {
    const now = Date.now();
    const conversation = { id: this.book.next++, title: "", createdMs: now, updatedMs: now };
    this.book.conversations.push(conversation);
    this.keep();
    return { ...conversation };
  }

  async renameConversation(id: number, title: string) {
    this.#conversation(id).title = title;
    this.keep();
  }

  async deleteConversation(id: number) {
    this.book.deleted.push(id);
    this.keep();
  }

  async restoreConversation(id: number) {
    this.book.deleted = this.book.deleted.filter((each) => each !== id);
    this.keep();
  }

  async listMessages(conversation: number) {
    const { messages } = this.book;
    return structuredClone(messages.filter((message) => message.conversation === conversation));
  }

  async readDraft(conversation: number | null) {
    return structuredClone(this.book.drafts[String(conversation)] ?? { text: "", pictures: [] });
  }

  async saveDraft(conversation: number | null, text: string, pictures: readonly string[]) {
    this.failing("draft", "the disk is full", "free some space");
    const all = this.#pictures();
    const kept = pictures.flatMap((id) => all.find((picture) => picture.id === id) ?? []);
    this.book.drafts[String(conversation)] = { text, pictures: kept };
    this.keep();
  }

  async addPicture(conversation: number | null, file: Blob) {
    await rest(Number(this.query.get("pace") ?? 24) * 4);
    const { picture, url } = await read(file).catch(() => {
      const failure: Failure = {
        code: "other",
        message: "this is text, not a picture in a format that Lectern reads",
        hint: "save it as PNG, JPEG, WebP, GIF, BMP or TIFF",
      };
      throw failure;
    });
    const draft = await this.readDraft(conversation);
    const others = draft.pictures.filter(({ id }) => id !== picture.id);
    this.book.pictures[picture.id] = url;
    this.book.drafts[String(conversation)] = { ...draft, pictures: [...others, picture] };
    this.keep();
    return picture;
  }

  pictureUrl(id: string) {
    return this.book.pictures[id] ?? "";
  }

  async sendMessage(id: number, question: Question, onEvent: (event: ReplyEvent) => void) {
    const { text } = question;
    await rest(30);
    this.failing(
      "send",
      "the question could not be kept: the disk is full",
      "free some space and send it again",
    );
    const conversation = this.#conversation(id);
    if (conversation.title === "") conversation.title = text.trim().slice(0, 60) || "A picture";
    conversation.updatedMs = Date.now();
    this.#stopped.delete(id);
    const shown = this.#shown(question);
    onEvent({ kind: "asked", message: { ...this.#add(id, "user", text, shown) } });
    await this.#delay("wait", () => onEvent({ kind: "waiting" }));
    await this.#delay("loading", () => onEvent({ kind: "loading" }));
    const answer = this.#add(id, "model", "");
    onEvent({ kind: "started", message: { ...answer } });
    await this.#look(id, shown, onEvent);
    const prompt = 12 + Math.ceil(text.length / 4);
    await this.#read(id, prompt, onEvent);
    await this.#write(answer, text, onEvent);
    const share = Number(this.query.get("full") ?? 0);
    const limit = this.chosen()?.contextTokens ?? 32768;
    const answerTokens = Math.ceil(answer.text.length / 4);
    answer.figures = {
      model: this.book.chosen ?? "",
      promptTokens: share > 0 ? Math.round(limit * share) - answerTokens : prompt + 420,
      cachedTokens: 420,
      answerTokens,
      promptSeconds: 0.4,
      answerSeconds: answerTokens / 24.6,
      contextTokens: limit,
    };
    this.keep();
    onEvent({ kind: "ended", message: { ...answer } });
  }

  async stopReply(conversation: number) {
    this.#stopped.add(conversation);
  }

  async readSettings() {
    return this.book.settings;
  }

  async saveSettings(settings: Settings) {
    this.failing("settings", "the settings could not be kept: the disk is full", "free some space");
    this.book.settings = settings;
    this.keep();
  }

  /** Where links would have led, and that the window was shown, for the journeys to see. */
  async openLink(url: string) {
    document.documentElement.dataset["opened"] = url;
  }

  async windowReady() {
    document.documentElement.dataset["ready"] = "true";
  }

  async #look(id: number, shown: readonly Shown[], onEvent: (event: ReplyEvent) => void) {
    const lasts = Number(this.query.get("look") ?? 0);
    const views = shown.reduce(
      (sum, { picture, panAndScan }) => sum + 1 + (panAndScan ? picture.crops.length : 0),
      0,
    );
    for (let view = 1; view <= views && lasts > 0 && !this.#stopped.has(id); view++) {
      const share = (view - 1) / views;
      const secondsLeft = view === 1 ? null : ((views - view + 1) * lasts) / 1000;
      onEvent({ kind: "looking", view, views, share, secondsLeft });
      await rest(lasts);
    }
  }

  /** Every picture that stands anywhere. */
  #pictures() {
    const { drafts, messages } = this.book;
    const said = messages.flatMap((message) => message.pictures.map(({ picture }) => picture));
    return [...Object.values(drafts).flatMap(({ pictures }) => pictures), ...said];
  }

  #shown({ pictures }: Question): Shown[] {
    const all = this.#pictures();
    return pictures.flatMap(({ picture: id, panAndScan }) => {
      const picture = all.find((each) => each.id === id);
      return picture ? [{ picture, panAndScan }] : [];
    });
  }

  async #read(id: number, prompt: number, onEvent: (event: ReplyEvent) => void) {
    const lasts = Number(this.query.get("read") ?? 0);
    const total = lasts > 0 ? 12_480 : prompt;
    const steps = Math.max(1, Math.round(lasts / 150));
    for (let step = 1; step <= steps && !this.#stopped.has(id); step++) {
      await rest(lasts / steps);
      const secondsLeft = step < 3 ? null : ((steps - step) * lasts) / steps / 1000;
      onEvent({ kind: "reading", done: Math.round((total * step) / steps), total, secondsLeft });
    }
  }

  async #write(answer: Message, question: string, onEvent: (event: ReplyEvent) => void) {
    const text = named[this.query.get("say") ?? ""] ?? answerTo(question);
    const words = text.match(/\s*\S+/g) ?? [];
    const pace = Number(this.query.get("pace") ?? 24);
    const failsAt = this.query.get("fail") === "answer" ? Math.min(12, words.length) : Infinity;
    for (const [place, delta] of words.entries()) {
      if (this.#stopped.has(answer.conversation)) return;
      if (place >= failsAt)
        this.failing(
          "answer",
          "the model ran out of memory",
          "close other programs, or choose a smaller model",
        );
      if (pace > 0 || place % 20 === 0) await rest(pace);
      answer.text += delta;
      const tokens = place + 1;
      onEvent({ kind: "text", message: answer.id, delta, tokens, tokensPerSecond: 24.6 });
    }
    answer.cutShort = false;
  }

  async #delay(name: string, tell: () => void) {
    const ms = Number(this.query.get(name) ?? 0);
    if (ms === 0 || (name === "loading" && this.loaded)) return;
    tell();
    await rest(ms);
  }

  #conversation(id: number) {
    const found = this.book.conversations.find((each) => each.id === id);
    if (found) return found;
    const failure: Failure = { code: "other", message: "the conversation is gone", hint: null };
    throw failure;
  }

  #add(conversation: number, role: Message["role"], text: string, pictures: Shown[] = []): Message {
    const message: Message = {
      id: this.book.next++,
      conversation,
      role,
      text,
      createdMs: Date.now(),
      cutShort: role === "model",
      figures: null,
      pictures,
    };
    this.book.messages.push(message);
    this.keep();
    return message;
  }
}
