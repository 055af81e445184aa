/** What is pasted, or dropped on the window. */

/** The files of a paste or a drop. */
export const filesOf = (data: DataTransfer | null): readonly File[] => [...(data?.files ?? [])];

/** Whether files are being dragged, and not words or a link. */
export const bringsFiles = (data: DataTransfer | null): boolean =>
  data?.types.includes("Files") ?? false;

/** The models among them, and the rest. */
export function sorted(files: readonly File[]): { models: File[]; others: File[] } {
  const isModel = ({ name }: File) => name.toLowerCase().endsWith(".gguf");
  return { models: files.filter(isModel), others: files.filter((file) => !isModel(file)) };
}
