import type { ChoiceField, NumberField } from "@/features/planner/fields";
import type { Sheet } from "@/features/planner/figures";

/** What a field that is empty stands for: the planner's value in the field's unit, and who says it where it is assumed. */
export function standingOf({ figure, per = 1 }: NumberField, sheet: Sheet): { value: number; assumed: string | null } | undefined {
  const found = figure === undefined ? undefined : sheet.get(figure);
  return found && { value: Number((found.value * per).toPrecision(12)), assumed: found.marked ? (found.source ?? "") : null };
}

/** "bf16, scales included" is bf16. */
export const takenOf = ({ figure }: ChoiceField, sheet: Sheet): string | undefined => (figure === undefined ? undefined : sheet.get(figure)?.source?.split(/[,，]/)[0]);

