/**
 * A stand-in for Lectern in a plain browser: for `npm run dev` without the application and for the
 * browser journeys. It keeps what it is given in the page's storage, answers slowly, and misbehaves
 * where the page's address says so. It is not part of a release.
 *
 *   ?model=none|base          nothing is here yet, or only a base model
 *   ?say=short|rich|hostile|rtl|long   what it answers whatever it is asked
 *   ?pace=24                  milliseconds between words
 *   ?look=900                 milliseconds it takes to look at a picture
 *   ?test=500                 milliseconds that each measurement of the computer takes
 *   ?import=3000              milliseconds it takes to take a file in
 *   ?read=6000                milliseconds it takes to read the prompt
 *   ?wait, ?loading           milliseconds it waits for another answer, or loads the model
 *   ?fail=send|answer|models|load|fetch|draft|settings|offers
 *   ?messages=300             there is a conversation this long
 *   ?full=0.9                 how much of the context each answer says is in use
 */
import type {
  Backend,
  Failure,
  FetchEvent,
  Message,
  Model,
  ModelState,
  Question,
  ReplyEvent,
  Settings,
  Shown,
  TestProgress,
} from ".";
import { answerTo, named } from "./fake-answers";
import { modelOf, offersFor } from "./fake-offers";
import { read } from "./fake-pictures";
import { conversationsToBegin, emptyBook, type Book, type Shelf } from "./fake-book";

const STARTER_BYTES = 253_000_000;

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

function modelsToBegin(which: string | null): Model[] {
  if (which === "none") return [];
  if (which === "base") return [starter];
  return [instructed, starter];
}

const starter: Model = {
  name: "gemma-3-270m-q4_k_m",
  title: "Gemma 3 270M",
  path: "/models/gemma-3-270m-q4_k_m.gguf",
  sizeBytes: STARTER_BYTES,
  format: "Q4_K_M",
  tuning: "pretrained",
  contextTokens: 32768,
  hasEyes: false,
};
const instructed: Model = {
  name: "gemma-3-4b-it-q4_0",
  title: "Gemma 3 4B",
  path: "/models/gemma-3-4b-it-q4_0.gguf",
  sizeBytes: 3_155_000_000,
  format: "Q4_0",
  tuning: "instructed",
  contextTokens: 131072,
  hasEyes: true,
};

const rest = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

class Fake implements Backend {
  readonly #book: Book;
  #stopped = new Set<number>();
  #cancelled = false;
  #loaded = false;
  #tested = false;

  constructor(
    readonly query: URLSearchParams,
    readonly shelf: Shelf,
  ) {
    this.#book = shelf.read();
  }

  async listConversations() {
    const { conversations, deleted } = this.#book;
    return structuredClone(conversations.filter(({ id }) => !deleted.includes(id)));
  }

  async newConversation() {
    const now = Date.now();
    const conversation = { id: this.#book.next++, title: "", createdMs: now, updatedMs: now };
    this.#book.conversations.push(conversation);
    this.#keep();
    return { ...conversation };
  }

  async renameConversation(id: number, title: string) {
    this.#conversation(id).title = title;
    this.#keep();
  }

  async deleteConversation(id: number) {
    this.#book.deleted.push(id);
    this.#keep();
  }

  async restoreConversation(id: number) {
    this.#book.deleted = this.#book.deleted.filter((each) => each !== id);
    this.#keep();
  }

  async listMessages(conversation: number) {
    const { messages } = this.#book;
    return structuredClone(messages.filter((message) => message.conversation === conversation));
  }

  async readDraft(conversation: number | null) {
    return structuredClone(this.#book.drafts[String(conversation)] ?? { text: "", pictures: [] });
  }

  async saveDraft(conversation: number | null, text: string, pictures: readonly string[]) {
    this.#failing("draft", "the disk is full", "free some space");
    const all = this.#pictures();
    const kept = pictures.flatMap((id) => all.find((picture) => picture.id === id) ?? []);
    this.#book.drafts[String(conversation)] = { text, pictures: kept };
    this.#keep();
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
    this.#book.pictures[picture.id] = url;
    this.#book.drafts[String(conversation)] = { ...draft, pictures: [...others, picture] };
    this.#keep();
    return picture;
  }

  pictureUrl(id: string) {
    return this.#book.pictures[id] ?? "";
  }

  async sendMessage(id: number, question: Question, onEvent: (event: ReplyEvent) => void) {
    const { text } = question;
    await rest(30);
    this.#failing(
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
    const limit = this.#chosen()?.contextTokens ?? 32768;
    const answerTokens = Math.ceil(answer.text.length / 4);
    answer.figures = {
      model: this.#book.chosen ?? "",
      promptTokens: share > 0 ? Math.round(limit * share) - answerTokens : prompt + 420,
      cachedTokens: 420,
      answerTokens,
      promptSeconds: 0.4,
      answerSeconds: answerTokens / 24.6,
      contextTokens: limit,
    };
    this.#keep();
    onEvent({ kind: "ended", message: { ...answer } });
  }

  async stopReply(conversation: number) {
    this.#stopped.add(conversation);
  }

  async listModels() {
    return [...this.#book.models];
  }

  async modelState(): Promise<ModelState> {
    this.#failing("models", "the models folder cannot be read", "check its permissions");
    const model = this.#chosen();
    return model ? { kind: "chosen", model, loaded: this.#loaded } : { kind: "absent" };
  }

  async chooseModel(name: string) {
    this.#book.chosen = name;
    this.#loaded = false;
    this.#keep();
    return await this.modelState();
  }

  async loadModel() {
    await rest(Number(this.query.get("loading") ?? 120));
    this.#failing(
      "load",
      "the model needs 3.4 GB of memory, 1.2 GB is free",
      "close other programs or choose a smaller model",
    );
    this.#loaded = true;
    return await this.modelState();
  }

  async openModelFile(onEvent: (event: FetchEvent) => void) {
    this.#cancelled = false;
    await rest(300); // the dialog
    onEvent({ kind: "step", what: "Taking the file in" });
    const lasts = Number(this.query.get("import") ?? 0);
    const totalBytes = instructed.sizeBytes;
    for (let step = 0; step < 20 && lasts > 0; step++) {
      const secondsLeft = ((20 - step) / 20) * (lasts / 1000);
      onEvent({ kind: "progress", doneBytes: (totalBytes * step) / 20, totalBytes, secondsLeft });
      await rest(lasts / 20);
      if (this.#cancelled) return null;
    }
    this.#arrive(instructed);
    return instructed;
  }

  async removeModel(name: string) {
    const model = this.#book.models.find((each) => each.name === name);
    this.#book.models = this.#book.models.filter((each) => each.name !== name);
    if (this.#book.chosen === name) this.#book.chosen = this.#book.models[0]?.name ?? null;
    this.#keep();
    return model?.sizeBytes ?? 0;
  }

  async listOffers(contextTokens: number | null) {
    this.#failing("offers", "the models folder cannot be read", "check its permissions");
    return offersFor(this.#book.models, contextTokens, this.#tested);
  }

  async testMachine(onProgress: (progress: TestProgress) => void) {
    const all = 9;
    for (let done = 0; done <= all; done += 1) {
      onProgress({ done, all });
      await rest(Number(this.query.get("test") ?? 10));
    }
    this.#tested = true;
    return true;
  }

  async fetchStarter(onEvent: (event: FetchEvent) => void) {
    await this.#fetch(starter, onEvent);
  }

  async fetchModel(name: string, onEvent: (event: FetchEvent) => void) {
    const offer = offersFor([]).offers.find((each) => each.name === name);
    if (offer) await this.#fetch(modelOf(offer), onEvent);
  }

  async #fetch(model: Model, onEvent: (event: FetchEvent) => void) {
    this.#cancelled = false;
    const totalBytes = model.sizeBytes;
    onEvent({ kind: "step", what: "Looking for the model" });
    await rest(250);
    onEvent({ kind: "step", what: "Downloading" });
    const steps = Number(this.query.get("steps") ?? 30);
    for (let step = 0; step <= steps; step++) {
      const secondsLeft = ((steps - step) * 110) / 1000;
      const doneBytes = (totalBytes * step) / steps;
      onEvent({ kind: "progress", doneBytes, totalBytes, secondsLeft });
      await rest(110);
      if (this.#cancelled) return onEvent({ kind: "cancelled" });
      if (step > 4)
        this.#failing(
          "fetch",
          "the connection to the server was lost",
          "check the network; what has arrived is kept",
        );
    }
    onEvent({ kind: "step", what: "Checking" });
    await rest(300);
    this.#arrive(model);
    onEvent({ kind: "done", model });
  }

  async cancelFetch() {
    this.#cancelled = true;
  }

  async readSettings() {
    return this.#book.settings;
  }

  async saveSettings(settings: Settings) {
    this.#failing(
      "settings",
      "the settings could not be kept: the disk is full",
      "free some space",
    );
    this.#book.settings = settings;
    this.#keep();
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
    const { drafts, messages } = this.#book;
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
        this.#failing(
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
    if (ms === 0 || (name === "loading" && this.#loaded)) return;
    tell();
    await rest(ms);
  }

  #failing(where: string, message: string, hint: string) {
    if (this.query.get("fail") !== where) return;
    const failure: Failure = { code: "other", message, hint };
    throw failure;
  }

  #arrive(model: Model) {
    this.#book.models = [...this.#book.models.filter(({ name }) => name !== model.name), model];
    this.#book.chosen ??= model.name;
    this.#keep();
  }

  #chosen() {
    return this.#book.models.find(({ name }) => name === this.#book.chosen);
  }

  #conversation(id: number) {
    const found = this.#book.conversations.find((each) => each.id === id);
    if (found) return found;
    const failure: Failure = { code: "other", message: "the conversation is gone", hint: null };
    throw failure;
  }

  #add(conversation: number, role: Message["role"], text: string, pictures: Shown[] = []): Message {
    const message: Message = {
      id: this.#book.next++,
      conversation,
      role,
      text,
      createdMs: Date.now(),
      cutShort: role === "model",
      figures: null,
      pictures,
    };
    this.#book.messages.push(message);
    this.#keep();
    return message;
  }

  #keep() {
    this.shelf.write(this.#book);
  }
}
