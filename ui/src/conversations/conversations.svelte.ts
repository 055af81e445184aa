import type { Backend, Conversation, Failure } from "../backend";
import { failureOf } from "../shared/failure";
import { groupsOf } from "./groups";

/** The list at the left. */
export class Conversations {
  list = $state.raw<Conversation[]>([]);
  failure = $state.raw<Failure | null>(null);
  /** When the list was last read: what "today" is measured from. */
  #readMs = $state(0);
  readonly groups = $derived(groupsOf(this.list, this.#readMs));
  /** In the order they are shown. */
  readonly shown = $derived(this.groups.flatMap((group) => group.conversations));

  constructor(
    readonly backend: Backend,
    readonly clock: () => number,
  ) {}

  async load(): Promise<void> {
    await this.#trying(async () => {
      this.list = await this.backend.listConversations();
      this.#readMs = this.clock();
    });
  }

  async rename(id: number, title: string): Promise<void> {
    await this.#trying(async () => {
      await this.backend.renameConversation(id, title);
      this.list = this.list.map((each) => (each.id === id ? { ...each, title } : each));
    });
  }

  /** Yields true when the conversation is out of sight. */
  async delete(id: number): Promise<boolean> {
    return await this.#trying(async () => {
      await this.backend.deleteConversation(id);
      this.list = this.list.filter((each) => each.id !== id);
    });
  }

  async restore(id: number): Promise<boolean> {
    const restored = await this.#trying(() => this.backend.restoreConversation(id));
    if (restored) await this.load();
    return restored;
  }

  async #trying(run: () => Promise<void>): Promise<boolean> {
    try {
      await run();
      this.failure = null;
      return true;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return false;
    }
  }
}
