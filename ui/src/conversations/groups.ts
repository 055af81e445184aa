/** The list of conversations under the headings a person thinks in. */
import type { Conversation } from "../backend";

export type Heading = "today" | "yesterday" | "week" | "older";
export type Group = { heading: Heading; conversations: Conversation[] };

const DAY_MS = 24 * 60 * 60 * 1000;

/** Groups in order, none empty. Days begin at midnight where the person is, not 24 hours ago. */
export function groupsOf(conversations: readonly Conversation[], nowMs: number): Group[] {
  const groups = new Map<Heading, Conversation[]>();
  const newestFirst = conversations.toSorted((a, b) => b.updatedMs - a.updatedMs);
  for (const conversation of newestFirst) {
    const heading = headingOf(conversation.updatedMs, nowMs);
    const group = groups.get(heading);
    if (group) group.push(conversation);
    else groups.set(heading, [conversation]);
  }
  return [...groups].map(([heading, group]) => ({ heading, conversations: group }));
}

function headingOf(updatedMs: number, nowMs: number): Heading {
  const today = new Date(nowMs).setHours(0, 0, 0, 0);
  if (updatedMs >= today) return "today";
  // Half a day of slack: with summer time a day has 23 or 25 hours.
  const day = (days: number) => new Date(today - days * DAY_MS + DAY_MS / 2).setHours(0, 0, 0, 0);
  if (updatedMs >= day(1)) return "yesterday";
  if (updatedMs >= day(6)) return "week";
  return "older";
}
