import type { Backend, Fetch } from "../backend";
import { Trying } from "../shared/trying.svelte";

/** The models that are to come, one after another. */
export class Fetching {
  list = $state.raw<readonly Fetch[]>([]);
  readonly trying = new Trying();

  constructor(
    readonly backend: Backend,
    /** Something that was to come is here, or no longer wanted. */
    readonly onleft: () => void,
  ) {}

  /** Hears of every change, as long as the window is open; goes on with what was coming when it was closed. */
  async watch(): Promise<void> {
    await this.trying.run(() => this.backend.watchFetches((list) => this.#hear(list)));
  }

  find(name: string): Fetch | undefined {
    return this.list.find((fetch) => fetch.name === name);
  }

  async begin(name: string): Promise<void> {
    await this.trying.run(() => this.backend.queueFetch(name));
  }

  async pause(name: string): Promise<void> {
    await this.trying.run(() => this.backend.pauseFetch(name));
  }

  async resume(name: string): Promise<void> {
    await this.trying.run(() => this.backend.resumeFetch(name));
  }

  async cancel(name: string): Promise<void> {
    await this.trying.run(async () => void (await this.backend.cancelFetch(name)));
  }

  #hear(list: readonly Fetch[]): void {
    const left = this.list.some(({ name }) => !list.some((fetch) => fetch.name === name));
    this.list = list;
    if (left) this.onleft();
  }
}
