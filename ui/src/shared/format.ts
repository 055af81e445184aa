/** Figures as a person reads them. Pure; English, as all words of the window are. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en", {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

/** 12345 → "12,345" */
export const count = (value: number): string => whole.format(value);

/** 3.14 → "3.1", 31.4 → "31": two digits are as much as a speed can mean. */
export const speed = (value: number): string =>
  value < 9.95 ? oneDigit.format(value) : whole.format(value);

/** 253000000 → "253 MB". Decimal units, as download pages and file managers use. */
export function bytes(value: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || scaled >= 9.95 ? whole.format(scaled) : oneDigit.format(scaled);
  return `${digits} ${units[unit]}`;
}

/** 74 → "1 min 14 s". Whole seconds below an hour, whole minutes above. */
export function duration(seconds: number): string {
  const rounded = Math.max(0, Math.round(seconds));
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 60) {
    const rest = rounded % 60;
    return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  }
  const restMinutes = minutes % 60;
  const hours = Math.floor(minutes / 60);
  return restMinutes === 0 ? `${hours} h` : `${hours} h ${restMinutes} min`;
}

/** Seconds an answer took: 0.84 → "0.8 s", 12.3 → "12 s". */
export const elapsed = (seconds: number): string =>
  seconds < 9.95 ? `${oneDigit.format(seconds)} s` : duration(seconds);

/** 32768 → "32k": a model's context, always a multiple of 1024 or near it. */
export const contextSize = (tokens: number): string =>
  tokens >= 1024 ? `${Math.round(tokens / 1024)}k` : whole.format(tokens);

/** 0.423 → "42 %"; what is there but rounds to nothing is "under 1 %". */
export function percent(part: number): string {
  if (part > 0 && part < 0.01) return "under 1 %";
  return `${whole.format(Math.min(part, 1) * 100)} %`;
}
