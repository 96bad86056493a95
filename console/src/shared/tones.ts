import type { Palette } from "@/shared/palette";

/** The colours that series take, in this order. Good and bad keep their meaning and stay out of it. */
export const tones: readonly (keyof Palette)[] = ["light", "info", "good", "muted", "warn"];
