import type { Backend, Failure } from "../backend";
import { failureOf } from "../shared/failure";

/** A pause this long while writing is when the text is kept. */
const PAUSE_MS = 300;

/**
 * What stands unsent in one composer. Kept a moment after each change, so that it survives a
 * restart; while it is being sent the kept copy stays, until the question itself is kept.
 */
export class Draft {
  text = $state("");
  failure = $state.raw<Failure | null>(null);
  #kept = "";
  #sending = false;
  #touched = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly backend: Backend,
    public conversation: number | null,
  ) {}

  async load(): Promise<void> {
    try {
      this.#kept = await this.backend.readDraft(this.conversation);
      // What was typed meanwhile is newer than what was kept.
      if (!this.#touched) this.text = this.#kept;
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }

  write(text: string): void {
    this.text = text;
    this.#touched = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), PAUSE_MS);
  }

  /** Keeps the text now: when the window is left, and when the pause is over. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#sending || this.text === this.#kept) return;
    const text = this.text;
    this.#kept = text;
    try {
      await this.backend.saveDraft(this.conversation, text);
      this.failure = null;
    } catch (thrown) {
      this.#kept = "";
      this.failure = failureOf(thrown);
    }
  }

  /** The composer empties, the kept copy stays until `sent` or `giveBack`. */
  lend(): void {
    clearTimeout(this.#timer);
    this.#sending = true;
    this.#touched = true;
    this.text = "";
  }

  /** The question is kept, so its draft need not be. */
  async sent(): Promise<void> {
    this.#sending = false;
    await this.save();
  }

  /** Sending failed: nothing that was typed is lost, neither before nor since. */
  giveBack(text: string): void {
    this.#sending = false;
    this.text = this.text === "" ? text : `${text}\n\n${this.text}`;
    void this.save();
  }

  /** The conversation has begun: what was the draft of none is now its own. */
  async moveTo(conversation: number): Promise<void> {
    const before = this.conversation;
    this.conversation = conversation;
    const kept = this.#kept;
    if (kept === "") return;
    await this.backend.saveDraft(conversation, kept);
    await this.backend.saveDraft(before, "");
  }
}
