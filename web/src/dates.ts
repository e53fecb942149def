// Days in words. A due date is a calendar day, so it is never converted between time zones.

const DAY_MS = 24 * 60 * 60 * 1000;

/** `YYYY-MM-DD` of a moment, on the reader's calendar. */
export function dayOf(moment: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

/** Whole days from today to the day; negative for the past. */
export function daysUntil(day: string, today: string): number {
  return Math.round((Date.parse(day) - Date.parse(today)) / DAY_MS);
}

/** "Today", "Tomorrow", "Friday", "12 March", "3 days ago". */
export function inWords(day: string, today: string): string {
  const days = daysUntil(day, today);
  const date = new Date(`${day}T12:00:00`);
  if (days >= -6 && days <= 1) {
    const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(days, "day");
    return words.charAt(0).toUpperCase() + words.slice(1);
  }
  if (days > 1 && days < 7) return date.toLocaleDateString(undefined, { weekday: "long" });
  const isThisYear = day.slice(0, 4) === today.slice(0, 4);
  return date.toLocaleDateString(undefined, {
    day: "numeric",
    month: "long",
    ...(isThisYear ? {} : { year: "numeric" }),
  });
}
