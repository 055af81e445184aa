import type { Backend, Failure, Model, ModelState, Opening } from "../backend";
import { failureOf } from "../shared/failure";
import { words } from "../words";
import { heard, nothingYet, type Arrival } from "./arrival";

/** Of a dropped file, at a time: few enough messages, and each of them quick. */
const PIECE_BYTES = 8 << 20;

/** The models on this machine, the chosen one, and a file that may be on its way in. */
export class Models {
  list = $state.raw<Model[]>([]);
  state = $state.raw<ModelState | null>(null);
  arrival = $state.raw<Arrival | null>(null);
  /** A file was chosen or is being chosen, and is being read in. */
  importing = $state(false);
  loading = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** What the failure was about, so that it can be tried again. */
  retry = $state.raw<(() => void) | null>(null);

  /** False once a dropped file is no longer wanted. */
  #dropping = false;

  readonly chosen = $derived(this.state?.kind === "chosen" ? this.state.model : null);
  readonly absent = $derived(this.state?.kind === "absent");
  readonly isBase = $derived(this.chosen?.tuning === "pretrained");

  constructor(
    readonly backend: Backend,
    readonly clock: () => number,
    /** The chosen model is another one, or none. */
    readonly onchosen: (name: string | null) => void,
  ) {}

  async load(): Promise<void> {
    await this.#trying(
      () => void this.load(),
      () => this.#read(),
    );
  }

  /** Makes the chosen model ready before the first question needs it. */
  async warm(): Promise<void> {
    if (this.state?.kind !== "chosen" || this.state.loaded || this.loading) return;
    this.loading = true;
    await this.#trying(
      () => void this.warm(),
      async () => this.#become(await this.backend.loadModel()),
    );
    this.loading = false;
  }

  async choose(name: string): Promise<void> {
    await this.#trying(
      () => void this.choose(name),
      async () => this.#become(await this.backend.chooseModel(name)),
    );
    await this.warm();
  }

  /** Lets the person choose a model they have. */
  async open(opening: Opening, inPlace = false): Promise<void> {
    if (this.importing || this.arrival !== null) return;
    this.importing = true;
    await this.#trying(
      () => void this.open(opening, inPlace),
      async () => {
        const model = await this.backend.openModel(opening, inPlace, (event) => {
          const arrival = this.arrival ?? nothingYet(words.models.ownFile, words.models.starting);
          this.arrival = heard(arrival, event, this.clock());
        });
        if (model === null) return;
        this.#become(await this.backend.chooseModel(model.name));
        await this.#read();
      },
    );
    this.importing = false;
    this.arrival = null;
    await this.warm();
  }

  /** Takes in a GGUF file that was dropped on the window, piece by piece: a page learns its bytes, not its place. */
  async dropFile(file: File): Promise<void> {
    if (this.importing || this.arrival !== null) return;
    this.importing = true;
    this.#dropping = true;
    await this.#trying(
      () => void this.dropFile(file),
      async () => {
        const begun = nothingYet(words.models.ownFile, words.models.takingIn);
        this.arrival = begun;
        await this.backend.beginDropped(file.name, file.size);
        for (let done = 0; done < file.size && this.#dropping; done += PIECE_BYTES) {
          await this.backend.takeDropped(file.slice(done, done + PIECE_BYTES));
          const doneBytes = Math.min(done + PIECE_BYTES, file.size);
          const told = { doneBytes, totalBytes: file.size, secondsLeft: null };
          this.arrival = heard(this.arrival ?? begun, { kind: "progress", ...told }, this.clock());
        }
        if (!this.#dropping) return;
        await this.backend.endDropped();
        await this.#read();
      },
    );
    this.importing = false;
    this.arrival = null;
    if (this.#dropping) await this.warm();
  }

  /** Leaves the file that is being taken in where it is. */
  async cancelOpening(): Promise<void> {
    this.#dropping = false;
    await this.#trying(
      () => void this.cancelOpening(),
      () => this.backend.cancelOpening(),
    );
  }

  dismiss(): void {
    this.failure = null;
    this.retry = null;
  }

  async #read(): Promise<void> {
    const [list, state] = await Promise.all([this.backend.listModels(), this.backend.modelState()]);
    this.list = list;
    this.#become(state);
  }

  #become(state: ModelState): void {
    this.state = state;
    this.onchosen(state.kind === "chosen" ? state.model.name : null);
  }

  async #trying(again: () => void, run: () => Promise<void>): Promise<void> {
    this.dismiss();
    try {
      await run();
    } catch (thrown) {
      this.failure = failureOf(thrown);
      this.retry = again;
    }
  }
}
