/**
 * Errors come in the words of Rust, lower case and without a period; here they become sentences. A
 * file's name or a number at the beginning stays as it is.
 */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const first = trimmed.split(" ")[0] ?? "";
  const begun = /^[a-z’']+,?$/.test(first)
    ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1)
    : trimmed;
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
