import type { Sheet } from "@/features/planner/figures";
import type { Pay } from "@/features/planner/queries";

const ways = ["rented", "owned"] as const satisfies readonly Pay[];

/** The ways to pay that there are prices for, and the one that is looked at. */
export function costsIn(sheet: Sheet, wanted: Pay | undefined): { pays: readonly Pay[]; pay: Pay } {
  const pays = ways.filter((way) => sheet.has(`${way}_cost`));
  return { pays, pay: pays.find((way) => way === wanted) ?? pays[0] ?? "rented" };
}
