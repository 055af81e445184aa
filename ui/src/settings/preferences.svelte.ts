import type { Backend, Failure, Sampling, Settings } from "../backend";
import { failureOf } from "../shared/failure";

/** A slider moves through many values; the one it rests on is kept. */
const REST_MS = 300;

/** Gemma's own defaults. */
export const DEFAULT_SAMPLING: Sampling = {
  temperature: 1,
  topK: 64,
  topP: 0.95,
  minP: 0,
  seed: null,
};

const DEFAULTS: Settings = {
  theme: "system",
  sidebarOpen: true,
  openConversation: null,
  model: null,
  panAndScan: true,
  contextTokens: null,
  restAfterMinutes: 60,
  sampling: DEFAULT_SAMPLING,
};

/** What a person decided about the window and the answers; each change is kept by itself. */
export class Preferences {
  value = $state.raw<Settings>(DEFAULTS);
  failure = $state.raw<Failure | null>(null);
  readonly samplingIsDefault = $derived(
    JSON.stringify(inOrder(this.value.sampling)) === JSON.stringify(DEFAULT_SAMPLING),
  );
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly backend: Backend) {}

  async load(): Promise<void> {
    try {
      this.value = await this.backend.readSettings();
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }

  change(change: Partial<Settings>): void {
    this.value = { ...this.value, ...change };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), REST_MS);
  }

  changeSampling(change: Partial<Sampling>): void {
    this.change({ sampling: { ...this.value.sampling, ...change } });
  }

  /** Takes over what is already kept by another way. */
  adopt(change: Partial<Settings>): void {
    this.value = { ...this.value, ...change };
  }

  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      await this.backend.saveSettings(this.value);
      this.failure = null;
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }

  /** Keeps what is still waiting for the slider to rest. */
  async flush(): Promise<void> {
    if (this.#timer !== undefined) await this.save();
  }
}

const inOrder = ({ temperature, topK, topP, minP, seed }: Sampling): Sampling => ({
  temperature,
  topK,
  topP,
  minP,
  seed,
});
