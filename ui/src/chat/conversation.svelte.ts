import type { Backend, Conversation, Failure, Message, Question, ReplyEvent } from "../backend";
import { failureOf } from "../shared/failure";
import { nextFrame } from "../shared/frame";
import { apply, IDLE, type Phase, type Reply } from "./apply";
import { Draft, type Contents } from "./draft.svelte";

/**
 * The last event may come after the reply itself has resolved: both cross the wire on ways of
 * their own. After this long it is not coming, and the messages are read from where they are kept.
 */
const LAST_EVENT_MS = 500;

/** What went wrong for the last question. `question` can be asked again; it is kept already. */
export type Fault = { failure: Failure; question: Question | null };

/** What an open conversation tells the window. */
export type Reports = {
  onbegun: (open: OpenConversation, conversation: Conversation) => void;
  /** Its title or its place in the list may have changed. */
  onchanged: () => void;
};

/** One open conversation: what was said, what is being written, and what stands unsent. */
export class OpenConversation {
  /** `null` until the first message begins it. */
  id = $state<number | null>(null);
  messages = $state.raw<readonly Message[]>([]);
  phase = $state.raw<Phase>(IDLE);
  fault = $state.raw<Fault | null>(null);
  loaded = $state(false);
  readonly draft: Draft;
  readonly replying = $derived(this.phase.kind !== "idle");
  #heard: ReplyEvent[] = [];
  #asked = false;
  #turn: symbol | null = null;
  #stopWanted = false;
  #onend: (() => void) | null = null;

  constructor(
    readonly backend: Backend,
    id: number | null,
    readonly reports: Reports,
  ) {
    this.id = id;
    this.draft = new Draft(backend, id);
  }

  async load(): Promise<void> {
    const draft = this.draft.load();
    if (this.id !== null) await this.#read(this.id);
    await draft;
    this.loaded = true;
  }

  /** Sends what stands in the composer, wide and tall pictures also in pieces where that is wanted. */
  async send(panAndScan: boolean): Promise<void> {
    const { draft } = this;
    if (this.replying || draft.isEmpty || draft.arriving > 0) return;
    const contents = draft.lend();
    await this.#ask(questionOf(contents, panAndScan), contents);
  }

  /** Asks what is kept once more; what stands in the composer meanwhile stays there. */
  async askAgain(question: Question): Promise<void> {
    if (!this.replying) await this.#ask(question, null);
  }

  async #ask(question: Question, lent: Contents | null): Promise<void> {
    this.fault = null;
    this.phase = { kind: "sending" };
    this.#asked = false;
    this.#stopWanted = false;
    const turn = Symbol("turn");
    this.#turn = turn;
    const before = this.messages.at(-1)?.id ?? null;
    try {
      const id = this.id ?? (await this.#begin());
      await this.backend.sendMessage(id, question, (event) => {
        // What comes after its turn is over was read from where it is kept.
        if (this.#turn === turn) this.#hear(event);
      });
      if (!(await this.#lastEvent())) await this.#read(id);
      await this.draft.sent();
    } catch (thrown) {
      const kept = await this.#isKept(before);
      if (kept) await this.draft.sent();
      else if (lent) this.draft.giveBack(lent);
      this.fault = { failure: failureOf(thrown), question: kept || !lent ? question : null };
    } finally {
      this.#turn = null;
      this.#heard = [];
      this.phase = IDLE;
      this.reports.onchanged();
    }
  }

  async stop(): Promise<void> {
    if (!this.replying) return;
    this.#stopWanted = true;
    if (this.id === null) return;
    try {
      await this.backend.stopReply(this.id);
    } catch (thrown) {
      this.fault = { failure: failureOf(thrown), question: null };
    }
  }

  async #begin(): Promise<number> {
    const conversation = await this.backend.newConversation();
    this.id = conversation.id;
    await this.draft.moveTo(conversation.id);
    this.reports.onbegun(this, conversation);
    return conversation.id;
  }

  async #read(id: number): Promise<void> {
    try {
      this.messages = await this.backend.listMessages(id);
    } catch (thrown) {
      this.fault = { failure: failureOf(thrown), question: null };
    }
  }

  /** Events come with every token, the screen changes once a frame. */
  #hear(event: ReplyEvent): void {
    this.#heard.push(event);
    if (event.kind === "asked") {
      this.#asked = true;
      void this.draft.sent();
      this.reports.onchanged();
      // A stop that came before there was anything to stop is said again.
      if (this.#stopWanted) void this.stop();
    }
    if (event.kind === "ended") this.#onend?.();
    if (this.#heard.length === 1) nextFrame(() => this.#flush());
  }

  #flush(): void {
    if (this.#heard.length === 0) return;
    const before: Reply = { messages: this.messages, phase: this.phase };
    const after = this.#heard.reduce(apply, before);
    this.#heard = [];
    this.messages = after.messages;
    this.phase = after.phase;
  }

  /** Whether the question was kept before its reply failed. */
  async #isKept(before: number | null): Promise<boolean> {
    this.#flush();
    if (this.#asked) return true;
    if (this.id === null) return false;
    await this.#read(this.id);
    const last = this.messages.findLast(({ role }) => role === "user");
    return last !== undefined && (before === null || last.id > before);
  }

  /** Waits for the event that ends a reply. Yields false when it did not come. */
  async #lastEvent(): Promise<boolean> {
    this.#flush();
    if (!this.replying) return true;
    const came = await new Promise<boolean>((resolve) => {
      this.#onend = () => resolve(true);
      setTimeout(() => resolve(false), LAST_EVENT_MS);
    });
    this.#onend = null;
    this.#flush();
    return came;
  }
}

/** What is asked of a composer's contents: pictures that cannot be cut are shown whole. */
const questionOf = ({ text, pictures }: Contents, panAndScan: boolean): Question => ({
  text,
  pictures: pictures.map(({ id, crops }) => ({
    picture: id,
    panAndScan: panAndScan && crops.length > 0,
  })),
});
