import type { Palette } from "@/shared/palette";

/** The colours that series take, in this order. No two of them look alike; bad and warn keep their meaning. */
export const tones: readonly (keyof Palette)[] = ["light", "info", "good", "muted", "ink"];
