import type { Backend, Failure, FetchEvent, Model, ModelState, Offer } from "../backend";
import { failureOf } from "../shared/failure";
import { words } from "../words";
import { heard, nothingYet, type Arrival } from "./arrival";

/** The models on this machine, the chosen one, and one that may be on its way. */
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

  async openFile(): Promise<void> {
    if (this.importing || this.arrival !== null) return;
    this.importing = true;
    await this.#trying(
      () => void this.openFile(),
      async () => {
        const model = await this.backend.openModelFile((event) => {
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

  async fetch({ name, title }: Offer): Promise<void> {
    await this.#fetch(title, (onEvent) => this.backend.fetchModel(name, onEvent));
  }

  async fetchStarter(): Promise<void> {
    await this.#fetch(words.models.starter, (onEvent) => this.backend.fetchStarter(onEvent));
  }

  async #fetch(
    title: string,
    fetch: (onEvent: (event: FetchEvent) => void) => Promise<void>,
  ): Promise<void> {
    if (this.arrival !== null) return;
    this.arrival = nothingYet(title, words.models.starting);
    await this.#trying(
      () => void this.#fetch(title, fetch),
      async () => {
        await fetch((event) => {
          if (this.arrival) this.arrival = heard(this.arrival, event, this.clock());
        });
        await this.#read();
      },
    );
    this.arrival = null;
    await this.warm();
  }

  async cancelFetch(): Promise<void> {
    await this.#trying(
      () => void this.cancelFetch(),
      () => this.backend.cancelFetch(),
    );
  }

  async remove(name: string): Promise<void> {
    await this.#trying(
      () => void this.remove(name),
      async () => {
        await this.backend.removeModel(name);
        await this.#read();
      },
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
