import type { Backend, Disk, FoundModel, Model, Verdict, WorkProgress } from "../backend";
import { Trying } from "../shared/trying.svelte";
import type { Models } from "./models.svelte";

/** What lies on the disk, and what other programs have there. */
export class Shelf {
  disk = $state.raw<Disk | null>(null);
  found = $state.raw<readonly FoundModel[]>([]);
  /** Removed since Lectern was started: they can be put back. */
  removed = $state.raw<readonly Model[]>([]);
  /** The model whose files are being checked, and how far. */
  checking = $state.raw<({ name: string } & WorkProgress) | null>(null);
  /** What the last check of each model said. */
  verdicts = $state.raw<Readonly<Record<string, Verdict>>>({});
  moving = $state.raw<WorkProgress | null>(null);
  readonly trying = new Trying();

  constructor(
    readonly backend: Backend,
    readonly models: Models,
  ) {}

  async load(): Promise<void> {
    await this.trying.run(() => this.#read());
  }

  async remove(model: Model): Promise<boolean> {
    return await this.trying.run(async () => {
      await this.backend.removeModel(model.name);
      this.removed = [...this.removed, model];
      await this.#changed();
    });
  }

  async putBack({ name }: Model): Promise<void> {
    await this.trying.run(async () => {
      await this.backend.restoreModel(name);
      this.removed = this.removed.filter((model) => model.name !== name);
      await this.#changed();
    });
  }

  async useInPlace({ path }: FoundModel): Promise<void> {
    await this.trying.run(async () => {
      await this.backend.useInPlace(path);
      await this.#changed();
    });
    await this.models.warm();
  }

  async verify(name: string): Promise<void> {
    if (this.checking !== null) return;
    this.checking = { name, doneBytes: 0, totalBytes: 0 };
    await this.trying.run(async () => {
      const verdict = await this.backend.verifyModel(name, (work) => {
        this.checking = { name, ...work };
      });
      if (verdict !== null) this.verdicts = { ...this.verdicts, [name]: verdict };
    });
    this.checking = null;
  }

  /** Lets the person choose where the models are to lie. */
  async move(): Promise<void> {
    if (this.moving !== null) return;
    this.moving = { doneBytes: 0, totalBytes: 0 };
    await this.trying.run(async () => {
      await this.backend.moveModels((work) => (this.moving = work));
      await this.#changed();
    });
    this.moving = null;
  }

  async stop(): Promise<void> {
    await this.trying.run(() => this.backend.stopWork());
  }

  async removeLeftover(name: string): Promise<void> {
    await this.trying.run(async () => {
      await this.backend.removeLeftover(name);
      await this.#read();
    });
  }

  async clearPictureCache(): Promise<void> {
    await this.trying.run(async () => {
      await this.backend.clearPictureCache();
      await this.#read();
    });
  }

  async #changed(): Promise<void> {
    await Promise.all([this.models.load(), this.#read()]);
  }

  async #read(): Promise<void> {
    [this.disk, this.found] = await Promise.all([this.backend.disk(), this.backend.foundModels()]);
  }
}
