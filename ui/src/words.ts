/** Every word the window says. Errors come from Rust with words of their own. */
import type {
  Conversation,
  FoundModel,
  HubToken,
  Kind,
  Model,
  Offer,
  Speed,
  TokenPlace,
} from "./backend";
import type { Heading } from "./conversations/groups";
import { pages } from "./models/atonce";
import { bytes, contextSize, count, duration, elapsed, percent, speed } from "./shared/format";

export const words = {
  lectern: "Lectern",
  undo: "Undo",
  cancel: "Cancel",
  close: "Close",
  dismiss: "Dismiss",
  copy: "Copy",
  copied: "Copied",
  retry: "Try again",

  fault: {
    unexpected: (message: string) => `The window met something it did not expect: ${message}`,
    restart: "Start Lectern again. What was written is kept.",
    start: "Lectern could not open what it keeps.",
    draft: "What you write here could not be kept for later.",
  },

  conversations: {
    label: "Conversations",
    fresh: "New conversation",
    untitled: "Untitled",
    headings: {
      today: "Today",
      yesterday: "Yesterday",
      week: "This week",
      older: "Older",
    } satisfies Record<Heading, string>,
    empty: "What you talk about is listed here, the newest first.",
    rename: (title: string) => `Rename “${title}”`,
    newName: "New name",
    delete: (title: string) => `Delete “${title}”`,
    deleted: (title: string) => `Deleted “${title}”.`,
    replying: "An answer is being written here",
    openSidebar: "Show conversations",
    closeSidebar: "Hide conversations",
  },

  chat: {
    log: "Messages",
    you: "You",
    model: "Answer",
    compose: "Message",
    placeholder: "Write a message",
    placeholderBase: "Begin a text, or ask; the model goes on from there",
    keys: "Enter sends, Shift+Enter breaks the line",
    send: "Send",
    stop: "Stop",
    toEnd: "To the end",
    earlier: "Show earlier messages",
    copyAnswer: "Copy answer",
    answerCopied: "The last answer is copied.",
    emptyTitle: "What would you like to think through?",
    emptyPrivate: (model: string) =>
      `${model} answers on this computer. What you write stays on it.`,
    emptyBase: (model: string) =>
      `${model} is a base model: it continues text and was not taught to follow instructions. What you write stays on this computer.`,
    sending: "Sending",
    waiting: "Waiting for the other answer to end",
    loading: (model: string) => `Loading ${model}`,
    starting: "Beginning to read",
    looking: (view: number, views: number) =>
      views === 1 ? "Looking at the picture" : `Looking, ${count(view)} of ${count(views)}`,
    reading: (done: number, total: number) => `Reading ${count(done)} of ${count(total)} tokens`,
    left: (seconds: number) => `${duration(seconds)} left`,
    askAgain: "Ask again",
    cutShort: "cut short",
    announceEnd: "The answer has ended.",
    announceStopped: "The answer was cut short.",
    announceBegin: "An answer is being written.",
  },

  pictures: {
    add: "Add pictures",
    drop: "Drop pictures here",
    /** At the button, and where one is pasted or dropped all the same. */
    noEyes: (model: string) => `${model} cannot see pictures. Models from 4B on can.`,
    unseen: (model: string) => `${model} cannot see pictures.`,
    unseenHint: "Choose a model from 4B on, or take the pictures out.",
    chooseModel: "Choose a model",
    reading: "Reading the picture",
    tooLarge: (size: number, most: number) =>
      `the file has ${bytes(size)}, and a picture may have ${bytes(most)}`,
    tooLargeHint: "save it smaller, or as a JPEG",
    label: (width: number, height: number) => `Picture, ${width} × ${height}`,
    open: (width: number, height: number) => `Look closely at the picture, ${width} × ${height}`,
    remove: (place: number) => `Remove picture ${place}`,
    tokens: (tokens: number) => `${count(tokens)} tokens`,
    size: (width: number, height: number) => `${width} × ${height}`,
    pieces: (pieces: number) => `Also in ${count(pieces)} pieces`,
    piecesHint: (pieces: number, tokens: number) =>
      `Wide and tall pictures are also shown to the model in ${count(pieces)} pieces, so that small print is seen. Each takes ${count(tokens)} tokens.`,
    missing: "This picture cannot be shown",
  },

  figures: {
    line: (tokens: number, seconds: number) => {
      const parts = [`${count(tokens)} tokens`, elapsed(seconds)];
      if (seconds > 0 && tokens > 1) parts.push(`${speed(tokens / seconds)} tokens/s`);
      return parts;
    },
    prompt: (tokens: number, cached: number, seconds: number) =>
      cached > 0
        ? `Read ${count(tokens)} tokens in ${elapsed(seconds)}, ${count(cached)} of them known from before`
        : `Read ${count(tokens)} tokens in ${elapsed(seconds)}`,
    speed: (tokensPerSecond: number) => `${speed(tokensPerSecond)} tokens/s`,
  },

  context: {
    label: "Context",
    share: (share: number) => percent(share),
    used: "In use",
    free: "Free",
    limit: "The model reads at most",
    tokens: (tokens: number) => `${count(tokens)} tokens`,
    warn: "Getting full",
    critical: "Nearly full",
    warnHint: "A new conversation starts with all of it free.",
    calmHint: "All that was said here takes part in the next answer.",
  },

  models: {
    label: "Models",
    button: "Model:",
    none: "No model",
    loading: "loading",
    base: "Base model",
    baseHint: "continues text",
    format: ({ format, sizeBytes, contextTokens, hasEyes }: Model) => {
      const parts = [format, bytes(sizeBytes), `reads ${contextSize(contextTokens)} tokens`];
      if (hasEyes) parts.push("sees pictures");
      return parts.join(" · ");
    },
    choose: "Models on this computer",
    remove: (title: string) => `Remove ${title}`,
    openFile: "Open a GGUF file…",
    openFolder: "Open a folder…",
    inPlace: "Use it where it is, without a copy",
    opening: "Taking the file in…",
    ownFile: "your file",
    takingIn: "Taking the file in",
    drop: "Drop the model here",
    fetch: "Fetch the starter model",
    starting: "Starting",
    progress: (done: number, total: number) => `${bytes(done)} of ${bytes(total)}`,
    speed: (bytesPerSecond: number) => `${bytes(bytesPerSecond)}/s`,
    absent: "There is no model on this computer.",
    getOne: "Get a model",
    firstTitle: "First, a model to read with",
    firstText:
      "Lectern answers with Gemma 3, which runs on this computer alone. Its file is fetched once; after that, nothing you write leaves the machine.",
    starter: "Gemma 3 270M",
    starterText: "Small and quick, about 250 MB. Good for a first look; larger ones know more.",
    arriving: (title: string) => `Fetching ${title}`,
    suits: ({ downloadBytes, memoryBytes, hasEyes, speed: foreseen }: Offer) => {
      const sees = hasEyes ? " and sees pictures" : "";
      const writes = foreseen ? `, writes about ${speed(foreseen.writing)} tokens/s here` : "";
      return `The largest that suits this computer${sees}: ${bytes(downloadBytes)} to fetch, about ${bytes(memoryBytes)} of memory${writes}.`;
    },
    fetchSuiting: ({ title }: Offer) => `Fetch ${title}`,
    more: "More models…",
    testing: "Measuring this computer",
    testAgain: "Measure again",
    machine: (machine: number) =>
      machine > 0 ? `This computer has ${bytes(machine)} of memory.` : "",
    atOnce: "How much should it read at once?",
    atOnceValue: (tokens: number | null) =>
      tokens === null
        ? "As much as fits"
        : `${count(tokens)} tokens, about ${count(pages(tokens))} pages`,
    atOnceTakes: ({ title, memoryBytes }: Offer, tokens: number | null) =>
      tokens === null
        ? "A model takes memory as what it reads grows, up to what is free when it is loaded."
        : `${title} then takes about ${bytes(memoryBytes)} of memory.`,
    offer: ({ downloadBytes, memoryBytes, hasEyes, speaksManyLanguages }: Offer) => {
      const parts = [`${bytes(downloadBytes)} to fetch`, `about ${bytes(memoryBytes)} of memory`];
      if (hasEyes) parts.push("sees pictures");
      if (!speaksManyLanguages) parts.push("English only");
      return parts.join(" · ");
    },
    foreseen: ({ reading, writing }: Speed) =>
      `reads ${speed(reading)}, writes ${speed(writing)} tokens/s here`,
    recommended: "Begin with this one",
    reason: "The largest that leaves room for other programs and writes as fast as people read.",
    fits: ({ fit, memoryBytes, longestContextTokens }: Offer, machine: number) => {
      if (fit === "well") return null;
      if (fit === "tightly") return "Only if not much else runs";
      const needs = `Too large: it needs ${bytes(memoryBytes)} of ${bytes(machine)}`;
      return longestContextTokens > 0
        ? `${needs}. It would fit if it read at most ${count(longestContextTokens)} tokens at once.`
        : `${needs}. A smaller size fits.`;
    },
    get: "Fetch",
    getModel: ({ title, format }: Offer) => `Fetch ${title}, ${format}`,
    here: "Here",
    coming: "On its way",
    withGated: "Show Google’s own files too",
    gated:
      "They are larger or trained for four bits, and need an account on the hub that has agreed to Gemma’s terms.",
    otherHas: ({ program, sizeBytes, hasEyes }: FoundModel) =>
      `${program} has it on this computer already${hasEyes ? "; it sees pictures" : ""}. Used where it is, it takes none of the ${bytes(sizeBytes)} again.`,
  },

  fetches: {
    waiting: "Waits for the one before",
    paused: "Paused",
    failed: "Did not come",
    pause: (title: string) => `Pause ${title}`,
    resume: (title: string) => `Go on with ${title}`,
    cancel: (title: string) => `Cancel ${title}, and delete what came`,
  },

  token: {
    give: "Give a token",
    title: "Google’s own files",
    text: "Google gives these files to those who have agreed to Gemma’s terms of use on Hugging Face. That takes an account there, once; it is free.",
    steps: [
      {
        text: "Agree to the terms on the model’s page:",
        url: "https://huggingface.co/google/gemma-3-4b-it",
      },
      {
        text: "Make a token that may read:",
        url: "https://huggingface.co/settings/tokens",
      },
      { text: "Paste it here.", url: null },
    ],
    label: "Token",
    keep: "Keep it",
    where: "It stays in this computer’s keychain, and is sent to Hugging Face alone.",
    kept: ({ shown, place }: HubToken) => {
      const places: Record<TokenPlace, string> = {
        keychain: "in the keychain",
        encryptedFile: "in an encrypted file, as this computer has no keychain",
        environment: "in the environment (HF_TOKEN)",
      };
      return `There is one: ${shown}, ${places[place]}.`;
    },
    forget: "Forget it",
  },

  here: {
    tabs: { fetch: "To fetch", here: "On this computer", disk: "Disk" },
    label: "Models",
    manage: "Manage models…",
    ofBytes: (format: string, size: number) => `${format} · ${bytes(size)}`,
    source: (source: string) => `from ${source}`,
    used: (ms: number, nowMs: number) => `last used ${ago(nowMs - ms)}`,
    neverUsed: "not used yet",
    inPlace: (path: string) => `used where it is: ${path}`,
    verify: (title: string) => `Check the files of ${title}`,
    verifying: "Checking every byte",
    whole: "Every byte is as it was published.",
    sound: "The file is whole, as far as it can tell: nobody said what its bytes should be.",
    remove: (title: string) => `Remove ${title}`,
    removed: (title: string) => `${title} is removed.`,
    removedHint: (size: number) => `${bytes(size)} are free again once Lectern is closed.`,
    putBack: "Put it back",
    others: "In other programs",
    othersHint: "Used where they are: no second copy, and never deleted from here.",
    use: "Use it there",
    useTitle: ({ title, program }: FoundModel) => `Use ${title} of ${program}`,
    none: "None yet.",
  },

  disk: {
    folder: "Models folder",
    free: (free: number, total: number) => `${bytes(free)} of ${bytes(total)} are free there`,
    move: "Move it…",
    moving: "Moving the models",
    moved: (folder: string) => `The models lie in ${folder} now.`,
    kinds: {
      models: "Models",
      partials: "On their way",
      pictureCache: "What was seen in pictures",
      prefixStore: "What was read",
      library: "Conversations and settings",
      trash: "Removed, gone when Lectern is closed",
    } satisfies Record<Kind, string>,
    clear: "Clear",
    clearPictures: "Clear what was seen in pictures",
    clearHint:
      "Pictures stay in their conversations; they are looked at again when they are asked about.",
    leftovers: "Left over",
    leftoversHint: "Files that belong to nothing any more.",
    delete: "Delete",
    deleteLeftover: (name: string) => `Delete ${name}`,
  },

  settings: {
    label: "Settings",
    appearance: "Appearance",
    theme: "Theme",
    themes: { system: "As the system", light: "Light", dark: "Dark" },
    answers: "Answers",
    answersHint: "How the next word is chosen. Changes hold from the next answer on.",
    temperature: "Temperature",
    temperatureHint:
      "Low keeps to the likeliest words, high takes more chances. 0 always takes the likeliest.",
    topK: "Top-k",
    topKHint: "Only this many of the likeliest words are considered.",
    topP: "Top-p",
    topPHint: "Only the likeliest words that together reach this probability.",
    minP: "Min-p",
    minPHint: "Leaves out words less likely than this share of the likeliest.",
    seed: "Seed",
    seedHint: "With the same number, the same question gets the same answer.",
    seedRandom: "A new one each time",
    reset: "Back to the defaults",
    shortcuts: "Keyboard shortcuts",
    memory: "Memory",
    atOnceHint:
      "More takes more memory. It holds from the next question on, which then loads the model again.",
    rest: "Give the model’s memory back",
    restHint: "After so long without a question. The next one loads it again.",
    rests: (minutes: number | null) => {
      if (minutes === null) return "Never";
      return minutes < 60 ? `After ${minutes} minutes` : `After ${hours(minutes / 60)}`;
    },
  },

  shortcuts: {
    label: "Keyboard shortcuts",
    groups: [
      {
        title: "Writing",
        rows: [
          ["Send", "Enter"],
          ["Break the line", "Shift+Enter"],
          ["Stop the answer", "Esc"],
          ["Take up the last message", "↑"],
          ["Copy the last answer", "Ctrl+Shift+C"],
        ],
      },
      {
        title: "Conversations",
        rows: [
          ["New conversation", "Ctrl+N"],
          ["Previous, next", "Ctrl+Shift+↑ ↓"],
          ["Rename", "F2"],
          ["Delete, with undo", "Ctrl+Shift+Backspace"],
        ],
      },
      {
        title: "Window",
        rows: [
          ["Conversations at the left", "Ctrl+B"],
          ["Models", "Ctrl+L"],
          ["Settings", "Ctrl+,"],
          ["This list", "Ctrl+/"],
        ],
      },
    ] as { title: string; rows: [string, string][] }[],
  },

  link: {
    title: "Open this link in your browser?",
    text: "The model wrote this address. Check it before you go there.",
    open: "Open in browser",
    copy: "Copy address",
  },

  code: {
    plain: "text",
    copy: "Copy code",
  },
};

const hours = (hours: number): string => (hours === 1 ? "an hour" : `${count(hours)} hours`);

function ago(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  if (days === 0) return "today";
  if (days === 1) return "yesterday";
  return days < 60 ? `${days} days ago` : `${Math.floor(days / 30)} months ago`;
}

/** A conversation's title, also before its first message has named it. */
export const titleOf = ({ title }: Pick<Conversation, "title">): string =>
  title.trim() === "" ? words.conversations.untitled : title;
