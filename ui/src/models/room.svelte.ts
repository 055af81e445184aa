import type { Backend } from "../backend";
import type { Preferences } from "../settings/preferences.svelte";
import { Fetching } from "./fetching.svelte";
import { Models } from "./models.svelte";
import { Offering } from "./offering.svelte";
import { Shelf } from "./shelf.svelte";

export type Tab = "fetch" | "here" | "disk";

/** Everything about models: the ones that are here, that come, that could, and what they take. */
export class Room {
  readonly models: Models;
  readonly fetching: Fetching;
  readonly offering: Offering;
  readonly shelf: Shelf;
  /** Whether its dialog is open, and at what. */
  open = $state(false);
  tab = $state<Tab>("fetch");

  constructor(backend: Backend, clock: () => number, preferences: Preferences) {
    this.models = new Models(backend, clock, (model) => preferences.adopt({ model }));
    this.offering = new Offering(backend, preferences);
    this.shelf = new Shelf(backend, this.models);
    this.fetching = new Fetching(backend, () => void this.#arrived());
  }

  show(tab: Tab): void {
    this.tab = tab;
    this.open = true;
  }

  async #arrived(): Promise<void> {
    await this.models.load();
    await this.models.warm();
    if (this.open) await Promise.all([this.offering.load(), this.shelf.load()]);
  }
}
