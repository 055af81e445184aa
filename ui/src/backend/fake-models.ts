/** The stand-in's models: what is here, what comes, what lies on its disk. */
import type {
  Disk,
  Failure,
  Fetch,
  FetchEvent,
  FetchState,
  FoundModel,
  HubToken,
  Model,
  ModelState,
  Opening,
  TestProgress,
  Verdict,
  WorkProgress,
} from ".";
import type { Book, Shelf } from "./fake-book";
import { modelOf, offersFor } from "./fake-offers";

const starter: Model = {
  name: "gemma-3-270m-q4_k_m",
  title: "Gemma 3 270M",
  path: "/models/gemma-3-270m-q4_k_m.gguf",
  sizeBytes: 253_000_000,
  format: "Q4_K_M",
  tuning: "pretrained",
  contextTokens: 32768,
  hasEyes: false,
  place: "ours",
  program: null,
};
const instructed: Model = {
  name: "gemma-3-4b-it-q4_0",
  title: "Gemma 3 4B",
  path: "/models/gemma-3-4b-it-q4_0.gguf",
  sizeBytes: 3_155_000_000,
  format: "Q4_0",
  tuning: "instructed",
  contextTokens: 131072,
  hasEyes: true,
  place: "ours",
  program: null,
};
const ollamas: FoundModel = {
  title: "Gemma 3 12B",
  format: "Q4_K_M",
  sizeBytes: 8_100_000_000,
  path: "/home/me/.ollama/models/blobs/sha256-e8ad13eff07a",
  program: "Ollama",
  hasEyes: true,
  tuning: "instructed",
  isHere: false,
};

export const rest = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function modelsToBegin(which: string | null): Model[] {
  if (which === "none") return [];
  if (which === "base") return [starter];
  return [instructed, starter];
}

export class FakeModels {
  protected readonly book: Book;
  protected loaded = false;
  #stopped = false;
  #tested = false;
  #fetches: Fetch[] = [];
  #hear: (list: Fetch[]) => void = () => {};
  #trash: Model[] = [];
  #leftover = true;
  #pictureBytes = 48_000_000;
  #folder = "/home/me/.local/share/lectern/models";
  #token: HubToken | null = null;

  constructor(
    readonly query: URLSearchParams,
    readonly shelf: Shelf,
  ) {
    this.book = shelf.read();
  }

  async listModels() {
    return [...this.book.models];
  }

  async modelState(): Promise<ModelState> {
    this.failing("models", "the models folder cannot be read", "check its permissions");
    const model = this.chosen();
    return model ? { kind: "chosen", model, loaded: this.loaded } : { kind: "absent" };
  }

  async chooseModel(name: string) {
    this.book.chosen = name;
    this.loaded = false;
    this.keep();
    return await this.modelState();
  }

  async loadModel() {
    await rest(Number(this.query.get("loading") ?? 120));
    this.failing(
      "load",
      "the model needs 3.4 GB of memory, 1.2 GB is free",
      "close other programs or choose a smaller model",
    );
    this.loaded = true;
    return await this.modelState();
  }

  async openModel(_: Opening, inPlace: boolean, onEvent: (event: FetchEvent) => void) {
    this.#stopped = false;
    await rest(300); // the dialog
    onEvent({ kind: "step", what: "Taking the file in" });
    const lasts = Number(this.query.get("import") ?? 0);
    const totalBytes = instructed.sizeBytes;
    for (let step = 0; step < 20 && lasts > 0; step++) {
      const secondsLeft = ((20 - step) / 20) * (lasts / 1000);
      onEvent({ kind: "progress", doneBytes: (totalBytes * step) / 20, totalBytes, secondsLeft });
      await rest(lasts / 20);
      if (this.#stopped) return null;
    }
    this.#arrive({ ...instructed, place: inPlace ? "elsewhere" : "ours" });
    return instructed;
  }

  async cancelOpening() {
    this.#stopped = true;
  }

  async beginDropped() {
    this.failing("drop", "page.gguf: not a GGUF file", "choose a file in the GGUF format");
  }

  async takeDropped() {
    await rest(Number(this.query.get("import") ?? 0) / 20);
  }

  async endDropped() {
    this.#arrive(instructed);
    return instructed;
  }

  async removeModel(name: string) {
    const model = this.book.models.find((each) => each.name === name);
    if (model) this.#trash.push(model);
    this.book.models = this.book.models.filter((each) => each.name !== name);
    if (this.book.chosen === name) this.book.chosen = this.book.models[0]?.name ?? null;
    this.keep();
    return model?.sizeBytes ?? 0;
  }

  async restoreModel(name: string) {
    const model = this.#trash.find((each) => each.name === name);
    if (model === undefined) throw this.#failure("the model is gone", null);
    this.#trash = this.#trash.filter((each) => each !== model);
    this.#arrive(model);
    return model;
  }

  async listOffers(contextTokens: number | null) {
    this.failing("offers", "the models folder cannot be read", "check its permissions");
    return offersFor(this.book.models, contextTokens, this.#tested);
  }

  async testMachine(onProgress: (progress: TestProgress) => void) {
    const all = 9;
    for (let done = 0; done <= all; done += 1) {
      onProgress({ done, all });
      await rest(Number(this.query.get("test") ?? 10));
    }
    this.#tested = true;
    return true;
  }

  async watchFetches(onChange: (list: Fetch[]) => void) {
    this.#hear = onChange;
    onChange([]);
  }

  async queueFetch(name: string) {
    const offer = offersFor([]).offers.find((each) => each.name === name);
    const model = name === "starter" ? starter : offer && modelOf(offer);
    if (model === undefined) throw this.#failure("no such model can be fetched", null);
    const state: FetchState = { kind: "waiting" };
    const { title, sizeBytes: totalBytes } = model;
    this.#fetches.push({ name, title, doneBytes: 0, totalBytes, state });
    this.#tell();
    void this.#come(name, model);
  }

  async pauseFetch(name: string) {
    this.#become(name, { kind: "paused" });
  }

  async resumeFetch(name: string) {
    this.#become(name, { kind: "waiting" });
  }

  async cancelFetch(name: string) {
    this.#fetches = this.#fetches.filter((fetch) => fetch.name !== name);
    this.#tell();
    return 0;
  }

  async hubToken() {
    return this.#token;
  }

  async keepHubToken(token: string) {
    if (!token.startsWith("hf_")) {
      throw this.#failure("the hub does not know this token", "copy it again");
    }
    this.#token = { shown: `hf_…${token.slice(-4)}`, place: "keychain" };
    return this.#token;
  }

  async forgetHubToken() {
    this.#token = null;
  }

  async disk(): Promise<Disk> {
    this.failing("disk", "the models folder is gone", "plug the disk in that it lies on");
    const bytesOf = (models: Model[]) => models.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return {
      folder: this.#folder,
      freeBytes: 212e9,
      totalBytes: 512e9,
      kinds: [
        { kind: "models", bytes: bytesOf(this.book.models) },
        { kind: "partials", bytes: this.#fetches.reduce((sum, fetch) => sum + fetch.doneBytes, 0) },
        { kind: "pictureCache", bytes: this.#pictureBytes },
        { kind: "prefixStore", bytes: 0 },
        { kind: "library", bytes: 7_300_000 },
        { kind: "trash", bytes: bytesOf(this.#trash) },
      ],
      models: this.book.models.map(({ name, title, format, sizeBytes, place }) => ({
        name,
        title,
        format,
        bytes: sizeBytes,
        files: [{ name: `${name}.gguf`, bytes: sizeBytes }],
        source: place === "ours" ? "huggingface.co/ggml-org" : "Ollama",
        lastUsedMs: name === this.book.chosen ? Date.now() - 3 * 86_400_000 : null,
        place,
      })),
      leftovers: this.#leftover
        ? [
            {
              name: "gemma-3-1b-it.gguf.partial",
              bytes: 310_000_000,
              what: "half of a model that nobody waits for any more",
            },
          ]
        : [],
    };
  }

  async foundModels(): Promise<FoundModel[]> {
    if (!this.query.has("elsewhere")) return [];
    const isHere = this.book.models.some(({ path }) => path === ollamas.path);
    return [{ ...ollamas, isHere }];
  }

  async useInPlace(path: string) {
    const { title, format, sizeBytes, hasEyes, program } = ollamas;
    const model: Model = {
      ...instructed,
      ...{ title, format, sizeBytes, hasEyes, program, path },
      name: "gemma-3-12b",
      place: "elsewhere",
    };
    this.#arrive(model);
    this.book.chosen = model.name;
    this.keep();
    return model;
  }

  async verifyModel(
    name: string,
    onProgress: (told: WorkProgress) => void,
  ): Promise<Verdict | null> {
    const totalBytes = this.book.models.find((each) => each.name === name)?.sizeBytes ?? 0;
    if (!(await this.#work(totalBytes, onProgress))) return null;
    this.failing(
      "verify",
      "gemma-3-4b-it-q4_0.gguf is not what was published: a byte differs",
      "remove it and fetch it again",
    );
    return name === starter.name ? "sound" : "asPublished";
  }

  async moveModels(onProgress: (told: WorkProgress) => void) {
    await rest(200); // the dialog
    if (!(await this.#work(3.4e9, onProgress))) return null;
    this.#folder = "/media/me/large/lectern-models";
    return this.#folder;
  }

  async stopWork() {
    this.#stopped = true;
  }

  async removeLeftover() {
    this.#leftover = false;
    return 310_000_000;
  }

  async clearPictureCache() {
    const bytes = this.#pictureBytes;
    this.#pictureBytes = 0;
    return bytes;
  }

  protected failing(where: string, message: string, hint: string) {
    if (this.query.get("fail") === where) throw this.#failure(message, hint);
  }

  protected chosen() {
    return this.book.models.find(({ name }) => name === this.book.chosen);
  }

  protected keep() {
    this.shelf.write(this.book);
  }

  /** Twenty steps; false when it was stopped. */
  async #work(totalBytes: number, onProgress: (told: WorkProgress) => void): Promise<boolean> {
    this.#stopped = false;
    for (let step = 0; step <= 20; step++) {
      onProgress({ doneBytes: (totalBytes * step) / 20, totalBytes });
      await rest(Number(this.query.get("work") ?? 400) / 20);
      if (this.#stopped) return false;
    }
    return true;
  }

  /** Comes in steps, when nothing is before it. */
  async #come(name: string, model: Model) {
    const steps = Number(this.query.get("steps") ?? 30);
    const isBad = this.query.get("line") === "bad";
    for (let step = 0; step <= steps;) {
      await rest(110);
      const fetch = this.#fetches.find((each) => each.name === name);
      if (fetch === undefined) return;
      const first = this.#fetches.find(({ state }) => ["waiting", "running"].includes(state.kind));
      if (first !== fetch) continue;
      if (this.query.has("gated") && this.#token === null) {
        this.#fail(
          name,
          "the hub wants to know who asks",
          "agree to the terms, then give a token",
          true,
        );
        continue;
      }
      if (step > 4 && this.query.get("fail") === "fetch") {
        this.#fail(name, "the disk is full", "free some space; what has arrived is kept", false);
        continue;
      }
      fetch.doneBytes = (model.sizeBytes * step) / steps;
      this.#become(name, {
        kind: "running",
        step: step === 0 ? "Looking for the model" : "Downloading",
        bytesPerSecond: step < 3 ? null : model.sizeBytes / steps / 0.11,
        secondsLeft: step < 3 ? null : (steps - step) * 0.11,
        trouble:
          isBad && step % 8 > 4
            ? "the line to huggingface.co broke; trying again in 4 seconds"
            : null,
      });
      step += 1;
    }
    await rest(300);
    this.#arrive(model);
    await this.cancelFetch(name);
  }

  #fail(name: string, happened: string, hint: string, needsToken: boolean) {
    this.#become(name, { kind: "failed", happened, hint, needsToken });
  }

  #become(name: string, state: FetchState) {
    this.#fetches = this.#fetches.map((fetch) =>
      fetch.name === name ? { ...fetch, state } : fetch,
    );
    this.#tell();
  }

  #tell() {
    this.#hear(structuredClone(this.#fetches));
  }

  #arrive(model: Model) {
    this.book.models = [...this.book.models.filter(({ name }) => name !== model.name), model];
    this.book.chosen ??= model.name;
    this.keep();
  }

  #failure(message: string, hint: string | null): Failure {
    return { code: "other", message, hint };
  }
}
