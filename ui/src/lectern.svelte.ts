import { SvelteMap } from "svelte/reactivity";
import type { Backend, Conversation, Model } from "./backend";
import { OpenConversation, type Reports } from "./chat/conversation.svelte";
import { Conversations } from "./conversations/conversations.svelte";
import type { Models } from "./models/models.svelte";
import { Room } from "./models/room.svelte";
import { Preferences } from "./settings/preferences.svelte";
import { Notices } from "./shared/notices.svelte";
import { writeClipboard } from "./shared/clipboard.svelte";
import type { Action } from "./shared/keys";
import { titleOf, words } from "./words";

export type Panel = "none" | "settings" | "shortcuts";

/** Everything the window shows. Holds the pieces and what concerns more than one of them. */
export class Lectern {
  readonly notices = new Notices();
  readonly preferences: Preferences;
  readonly conversations: Conversations;
  readonly room: Room;
  readonly models: Models;

  open = $state.raw<OpenConversation>() as OpenConversation;
  panel = $state<Panel>("none");
  modelMenu = $state(false);
  /** The sidebar as a drawer over a narrow window; the wide window's is a preference. */
  drawer = $state(false);
  /** Set by the window: below 760 px. */
  narrow = $state(false);
  /** A link the person may open, with its full address. */
  link = $state.raw<string | null>(null);
  /** Grows each time the composer should take the keyboard. */
  composerWanted = $state(0);

  readonly sidebarOpen = $derived.by(() =>
    this.narrow ? this.drawer : this.preferences.value.sidebarOpen,
  );
  readonly title = $derived.by(() => {
    const found = this.conversations.list.find(({ id }) => id === this.open.id);
    return found ? titleOf(found) : words.conversations.fresh;
  });

  /** Conversations that were opened: an answer goes on while one looks elsewhere. */
  readonly #opened = new SvelteMap<number, OpenConversation>();
  /** The conversation not yet begun; there is one at a time, and its draft is its own. */
  #unbegun: OpenConversation;

  constructor(
    readonly backend: Backend,
    clock: () => number = Date.now,
  ) {
    this.preferences = new Preferences(backend);
    this.conversations = new Conversations(backend, clock);
    this.room = new Room(backend, clock, this.preferences);
    this.models = this.room.models;
    this.#unbegun = new OpenConversation(backend, null, this.#reports);
    this.open = this.#unbegun;
  }

  /** Reads what is kept. Resolves when the window has everything for its first paint. */
  async start(): Promise<void> {
    await Promise.all([this.preferences.load(), this.conversations.load(), this.models.load()]);
    const last = this.preferences.value.openConversation;
    const here = this.conversations.list.some(({ id }) => id === last);
    await this.show(here ? last : null);
    void this.models.warm();
    void this.room.fetching.watch();
  }

  /** Removes a model; until Lectern is closed it can be put back. */
  async removeModel(model: Model): Promise<void> {
    if (!(await this.room.shelf.remove(model))) return;
    const putBack = () => {
      this.notices.dismiss();
      void this.room.shelf.putBack(model);
    };
    this.notices.show({
      text: `${words.here.removed(model.title)} ${words.here.removedHint(model.sizeBytes)}`,
      action: { label: words.undo, run: putBack },
    });
  }

  /** Opens a conversation; `null` is one not yet begun. */
  async show(id: number | null): Promise<void> {
    void this.open.draft.save();
    this.drawer = false;
    this.open = this.#find(id);
    this.composerWanted += 1;
    if (this.preferences.value.openConversation !== id) {
      this.preferences.change({ openConversation: id });
    }
    if (!this.open.loaded) await this.open.load();
  }

  async delete(id: number): Promise<void> {
    const conversation = this.conversations.list.find((each) => each.id === id);
    if (conversation === undefined) return;
    const place = this.conversations.shown.findIndex((each) => each.id === id);
    await this.#opened.get(id)?.stop();
    if (!(await this.conversations.delete(id))) return;
    if (this.open.id === id) {
      const { shown } = this.conversations;
      await this.show((shown[place] ?? shown[place - 1])?.id ?? null);
    }
    this.composerWanted += 1;
    this.notices.show({
      text: words.conversations.deleted(titleOf(conversation)),
      action: { label: words.undo, run: () => void this.#restore(id) },
    });
  }

  /** Where the sidebar stands: in a narrow window it slides over, in a wide one it is remembered. */
  toggleSidebar(): void {
    if (this.narrow) this.drawer = !this.drawer;
    else this.preferences.change({ sidebarOpen: !this.preferences.value.sidebarOpen });
  }

  async run(action: Action): Promise<void> {
    switch (action) {
      case "new":
        return await this.show(null);
      case "sidebar":
        return this.toggleSidebar();
      case "models":
        this.modelMenu = !this.modelMenu;
        return;
      case "settings":
      case "shortcuts":
        this.panel = this.panel === action ? "none" : action;
        return;
      case "previous":
        return await this.#step(-1);
      case "next":
        return await this.#step(1);
      case "delete":
        if (this.open.id !== null) await this.delete(this.open.id);
        return;
      case "copyAnswer": {
        const answer = this.open.messages.findLast(({ role }) => role === "model");
        if (answer === undefined) return;
        await writeClipboard(answer.text);
        this.notices.show({ text: words.chat.answerCopied });
      }
    }
  }

  /** The window is being left: nothing that waits for a pause may wait longer. */
  keepAll(): void {
    void this.open.draft.save();
    void this.preferences.flush();
  }

  async #step(by: number): Promise<void> {
    const { shown } = this.conversations;
    const place = shown.findIndex(({ id }) => id === this.open.id);
    const next = shown[place < 0 ? 0 : place + by];
    if (next) await this.show(next.id);
  }

  async #restore(id: number): Promise<void> {
    this.notices.dismiss();
    if (await this.conversations.restore(id)) await this.show(id);
  }

  readonly #reports: Reports = {
    onbegun: (open: OpenConversation, conversation: Conversation) => {
      this.#opened.set(conversation.id, open);
      this.#unbegun = new OpenConversation(this.backend, null, this.#reports);
      if (this.open === open) this.preferences.change({ openConversation: conversation.id });
      void this.conversations.load();
    },
    onchanged: () => void this.conversations.load(),
  };

  #find(id: number | null): OpenConversation {
    if (id === null) return this.#unbegun;
    const opened = this.#opened.get(id) ?? new OpenConversation(this.backend, id, this.#reports);
    this.#opened.set(id, opened);
    return opened;
  }

  /** True while an answer is being written in the conversation, whether it is open or not. */
  isReplying = (id: number): boolean => this.#opened.get(id)?.replying ?? false;
}
