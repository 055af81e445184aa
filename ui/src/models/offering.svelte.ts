import type { Backend, Offers, TestProgress } from "../backend";
import type { Preferences } from "../settings/preferences.svelte";
import { Trying } from "../shared/trying.svelte";

/** What can be fetched, weighed against this computer at what it is to read at once. */
export class Offering {
  value = $state.raw<Offers | null>(null);
  /** How far the test of this computer is, while it runs. */
  testing = $state.raw<TestProgress | null>(null);
  readonly trying = new Trying();
  readonly best = $derived(this.value?.offers.find(({ isRecommended }) => isRecommended) ?? null);

  constructor(
    readonly backend: Backend,
    readonly preferences: Preferences,
  ) {}

  /** Looks, and measures this computer if that was never done. */
  async load(): Promise<void> {
    await this.trying.run(async () => {
      await this.#read();
      if (this.value?.isTested === false) await this.#test();
    });
  }

  /** Measures again. */
  async test(): Promise<void> {
    await this.trying.run(() => this.#test());
  }

  /** How much a model is to read at once; `null` is as much as this computer carries. */
  async readAtOnce(contextTokens: number | null): Promise<void> {
    this.preferences.change({ contextTokens });
    await this.trying.run(() => this.#read());
  }

  async #read(): Promise<void> {
    const { contextTokens } = this.preferences.value;
    const value = await this.backend.listOffers(contextTokens);
    // A slider asks often: only the answer to the last question counts.
    if (contextTokens === this.preferences.value.contextTokens) this.value = value;
  }

  async #test(): Promise<void> {
    if (this.testing !== null) return;
    this.testing = { done: 0, all: 1 };
    try {
      await this.backend.testMachine((progress) => (this.testing = progress));
      await this.#read();
    } finally {
      this.testing = null;
    }
  }
}
