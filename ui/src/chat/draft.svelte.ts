import type { Backend, Failure, Picture } from "../backend";
import { failureOf } from "../shared/failure";

/** A pause this long while writing is when the text is kept. */
const PAUSE_MS = 300;

/** What was in a composer: taken out to be sent, and put back when that failed. */
export type Contents = { text: string; pictures: readonly Picture[] };

const EMPTY: Contents = { text: "", pictures: [] };

/**
 * What stands unsent in one composer. Kept a moment after each change, so that it survives a
 * restart; while it is being sent the kept copy stays, until the question itself is kept.
 */
export class Draft {
  text = $state("");
  pictures = $state.raw<readonly Picture[]>([]);
  /** So many pictures are being read in. */
  arriving = $state(0);
  /** It could not be kept. */
  failure = $state.raw<Failure | null>(null);
  /** What was to be a picture and is none. */
  refused = $state.raw<Failure | null>(null);
  readonly isEmpty = $derived(this.text.trim() === "" && this.pictures.length === 0);
  #kept = EMPTY;
  #sending = false;
  #touched = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What is kept changes one thing after the other: a picture that just came in must not be taken for left out. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly backend: Backend,
    public conversation: number | null,
  ) {}

  async load(): Promise<void> {
    try {
      this.#kept = await this.backend.readDraft(this.conversation);
      // What was written meanwhile is newer than what was kept.
      if (!this.#touched) ({ text: this.text, pictures: this.pictures } = this.#kept);
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }

  write(text: string): void {
    this.text = text;
    this.#changed();
  }

  /** Reads pictures in, one after the other, and puts them behind what is there. */
  async add(files: readonly Blob[]): Promise<void> {
    this.#touched = true;
    this.refused = null;
    this.arriving += files.length;
    for (const file of files) {
      try {
        await this.#inTurn(async () => {
          const picture = await this.backend.addPicture(this.conversation, file);
          this.#kept = { ...this.#kept, pictures: withPicture(this.#kept.pictures, picture) };
          this.pictures = withPicture(this.pictures, picture);
        });
      } catch (thrown) {
        this.refused = failureOf(thrown);
      } finally {
        this.arriving -= 1;
      }
    }
  }

  remove(id: string): void {
    this.pictures = this.pictures.filter((picture) => picture.id !== id);
    this.#changed();
  }

  /** Keeps it now: when the window is left, and when the pause is over. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#inTurn(async () => {
      if (this.#sending || isSame(this.#kept, this)) return;
      const before = this.#kept;
      const { text, pictures } = this;
      this.#kept = { text, pictures };
      try {
        await this.backend.saveDraft(this.conversation, text, ids(pictures));
        this.failure = null;
      } catch (thrown) {
        this.#kept = before;
        this.failure = failureOf(thrown);
      }
    });
  }

  /** The composer empties, the kept copy stays until `sent` or `giveBack`. */
  lend(): Contents {
    clearTimeout(this.#timer);
    const { text, pictures } = this;
    this.#sending = true;
    this.#touched = true;
    this.text = "";
    this.pictures = [];
    return { text, pictures };
  }

  /** The question is kept, so its draft need not be. */
  async sent(): Promise<void> {
    this.#sending = false;
    await this.save();
  }

  /** Sending failed: nothing is lost, neither of before nor of since. */
  giveBack({ text, pictures }: Contents): void {
    this.#sending = false;
    this.text = [text, this.text].filter((each) => each !== "").join("\n\n");
    this.pictures = this.pictures.reduce(withPicture, pictures);
    void this.save();
  }

  /** The conversation has begun: what was the draft of none is now its own. */
  async moveTo(conversation: number): Promise<void> {
    await this.#inTurn(async () => {
      const before = this.conversation;
      this.conversation = conversation;
      const { text, pictures } = this.#kept;
      if (text === "" && pictures.length === 0) return;
      await this.backend.saveDraft(conversation, text, ids(pictures));
      await this.backend.saveDraft(before, "", []);
    });
  }

  #changed(): void {
    this.#touched = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), PAUSE_MS);
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run);
    this.#turn = mine.catch(() => {});
    return await mine;
  }
}

const ids = (pictures: readonly Picture[]): string[] => pictures.map(({ id }) => id);

const isSame = (a: Contents, b: Contents): boolean =>
  a.text === b.text && ids(a.pictures).join() === ids(b.pictures).join();

/** A picture that is there already stays where it is. */
const withPicture = (pictures: readonly Picture[], picture: Picture): readonly Picture[] =>
  pictures.some(({ id }) => id === picture.id) ? pictures : [...pictures, picture];
