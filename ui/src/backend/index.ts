/**
 * The one door of the page to the rest of Lectern. Everything the window can ask for is a method of
 * `Backend`; each resolves with plain data or throws a `Failure`. `contract.ts` is generated from
 * the Rust side; nothing else in the page imports `commands` or Tauri.
 */
import { Channel, convertFileSrc, invoke } from "@tauri-apps/api/core";
import {
  commands,
  type Conversation,
  type Disk,
  type Draft,
  type Failure,
  type Fetch,
  type FetchEvent,
  type FoundModel,
  type HubToken,
  type Message,
  type Model,
  type ModelState,
  type Offers,
  type Opening,
  type Picture,
  type ReplyEvent,
  type Settings,
  type Showing,
  type TestProgress,
  type Verdict,
  type WorkProgress,
} from "./contract";

export type * from "./contract";

/** What a person says: pictures, then words; one of them is enough. */
export type Question = { text: string; pictures: readonly Showing[] };

export interface Backend {
  listConversations(): Promise<Conversation[]>;
  newConversation(): Promise<Conversation>;
  renameConversation(id: number, title: string): Promise<void>;
  /** Out of sight; `restoreConversation` undoes it until Lectern quits. */
  deleteConversation(id: number): Promise<void>;
  restoreConversation(id: number): Promise<void>;
  listMessages(conversation: number): Promise<Message[]>;
  /** `null` is the composer of a conversation not yet begun. */
  readDraft(conversation: number | null): Promise<Draft>;
  /** A picture that this takes from its last place is forgotten. */
  saveDraft(conversation: number | null, text: string, pictures: readonly string[]): Promise<void>;
  /** Puts a picture's file into the composer, behind what is there. */
  addPicture(conversation: number | null, file: Blob): Promise<Picture>;
  /** Where `<img>` finds a picture: small for a conversation, large to look closely. */
  pictureUrl(id: string, size: "small" | "large"): string;
  /** Resolves when the answer has ended, by itself or because it was stopped. */
  sendMessage(id: number, question: Question, onEvent: (event: ReplyEvent) => void): Promise<void>;
  stopReply(conversation: number): Promise<void>;
  listModels(): Promise<Model[]>;
  modelState(): Promise<ModelState>;
  chooseModel(name: string): Promise<ModelState>;
  loadModel(): Promise<ModelState>;
  /** Opens the system's dialog; `null` when the person closed it, or `cancelOpening` was called. */
  openModel(
    opening: Opening,
    inPlace: boolean,
    onEvent: (event: FetchEvent) => void,
  ): Promise<Model | null>;
  cancelOpening(): Promise<void>;
  /** A GGUF file was dropped: it is told, sent in pieces, and then checked and chosen; `cancelOpening` leaves it. */
  beginDropped(name: string, totalBytes: number): Promise<void>;
  takeDropped(piece: Blob): Promise<void>;
  endDropped(): Promise<Model>;
  /** Yields the bytes that will be free when Lectern quits; `restoreModel` undoes it until then. */
  removeModel(name: string): Promise<number>;
  restoreModel(name: string): Promise<Model>;
  listOffers(contextTokens: number | null): Promise<Offers>;
  /** Measures this computer for about five seconds; false if an answer is being written. */
  testMachine(onProgress: (progress: TestProgress) => void): Promise<boolean>;
  /** Tells the queue now and at every change, and goes on with what was coming when Lectern was closed. */
  watchFetches(onChange: (list: Fetch[]) => void): Promise<void>;
  /** A name of the offers, or `starter`. */
  queueFetch(name: string): Promise<void>;
  pauseFetch(name: string): Promise<void>;
  resumeFetch(name: string): Promise<void>;
  /** Yields the bytes that were freed. */
  cancelFetch(name: string): Promise<number>;
  hubToken(): Promise<HubToken | null>;
  keepHubToken(token: string): Promise<HubToken>;
  forgetHubToken(): Promise<void>;
  disk(): Promise<Disk>;
  /** What other programs have. */
  foundModels(): Promise<FoundModel[]>;
  useInPlace(path: string): Promise<Model>;
  /** `null` when `stopWork` was called. */
  verifyModel(name: string, onProgress: (told: WorkProgress) => void): Promise<Verdict | null>;
  /** Opens the system's folder dialog; `null` when the person closed it, or `stopWork` was called. */
  moveModels(onProgress: (told: WorkProgress) => void): Promise<string | null>;
  /** Ends a check or a move. */
  stopWork(): Promise<void>;
  removeLeftover(name: string): Promise<number>;
  clearPictureCache(): Promise<number>;
  readSettings(): Promise<Settings>;
  saveSettings(settings: Settings): Promise<void>;
  openLink(url: string): Promise<void>;
  /** The first paint is done: the window may be shown. */
  windowReady(): Promise<void>;
}

/** The application itself, over Tauri's wire. */
export const backend: Backend = {
  listConversations: () => data(commands.listConversations()),
  newConversation: () => data(commands.newConversation()),
  renameConversation: (id, title) => done(commands.renameConversation(id, title)),
  deleteConversation: (id) => done(commands.deleteConversation(id)),
  restoreConversation: (id) => done(commands.restoreConversation(id)),
  listMessages: (conversation) => data(commands.listMessages(conversation)),
  readDraft: (conversation) => data(commands.readDraft(conversation)),
  saveDraft: (conversation, text, pictures) =>
    done(commands.saveDraft(conversation, text, [...pictures])),
  addPicture: async (conversation, file) => {
    // A body of bytes, which the generated commands cannot have; its place travels as a header.
    const headers: Record<string, string> =
      conversation === null ? {} : { conversation: String(conversation) };
    return await invoke<Picture>("add_picture", await file.arrayBuffer(), { headers });
  },
  pictureUrl: (id, size) => convertFileSrc(size === "large" ? `${id}-large` : id, "picture"),
  sendMessage: (id, { text, pictures }, onEvent) =>
    done(commands.sendMessage(id, text, [...pictures], channel(onEvent))),
  stopReply: (conversation) => done(commands.stopReply(conversation)),
  listModels: () => data(commands.listModels()),
  modelState: () => data(commands.modelState()),
  chooseModel: (name) => data(commands.chooseModel(name)),
  loadModel: () => data(commands.loadModel()),
  openModel: (opening, inPlace, onEvent) =>
    data(commands.openModel(opening, inPlace, channel(onEvent))),
  cancelOpening: () => done(commands.cancelOpening()),
  beginDropped: (name, totalBytes) => done(commands.beginDropped(name, totalBytes)),
  takeDropped: async (piece) => await invoke("take_dropped", await piece.arrayBuffer()),
  endDropped: () => data(commands.endDropped()),
  removeModel: (name) => data(commands.removeModel(name)),
  restoreModel: (name) => data(commands.restoreModel(name)),
  listOffers: (contextTokens) => data(commands.listOffers(contextTokens)),
  testMachine: (onProgress) => data(commands.testMachine(channel(onProgress))),
  watchFetches: (onChange) => done(commands.watchFetches(channel(onChange))),
  queueFetch: (name) => done(commands.queueFetch(name)),
  pauseFetch: (name) => done(commands.pauseFetch(name)),
  resumeFetch: (name) => done(commands.resumeFetch(name)),
  cancelFetch: (name) => data(commands.cancelFetch(name)),
  hubToken: () => data(commands.hubToken()),
  keepHubToken: (token) => data(commands.keepHubToken(token)),
  forgetHubToken: () => done(commands.forgetHubToken()),
  disk: () => data(commands.disk()),
  foundModels: () => data(commands.foundModels()),
  useInPlace: (path) => data(commands.useInPlace(path)),
  verifyModel: (name, onProgress) => data(commands.verifyModel(name, channel(onProgress))),
  moveModels: (onProgress) => data(commands.moveModels(channel(onProgress))),
  stopWork: () => done(commands.stopWork()),
  removeLeftover: (name) => data(commands.removeLeftover(name)),
  clearPictureCache: () => data(commands.clearPictureCache()),
  readSettings: () => data(commands.readSettings()),
  saveSettings: (settings) => done(commands.saveSettings(settings)),
  openLink: (url) => done(commands.openLink(url)),
  windowReady: () => done(commands.windowReady()),
};

type Result<T> = { status: "ok"; data: T } | { status: "error"; error: Failure };

async function data<T>(result: Promise<Result<T>>): Promise<T> {
  const settled = await result;
  if (settled.status === "error") throw settled.error;
  return settled.data;
}

async function done(result: Promise<Result<null>>): Promise<void> {
  await data(result);
}

function channel<T>(onEvent: (event: T) => void): Channel<T> {
  const opened = new Channel<T>();
  opened.onmessage = onEvent;
  return opened;
}
