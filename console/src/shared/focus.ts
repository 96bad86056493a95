import { useEffect, useMemo, useRef } from "react";

/** As many places as lead to a dialog of a dialog, each with a form's worth of fields before it. */
const KEPT = 40;
let trail: readonly HTMLElement[] = [];
/** Places in what is closed, although it may still be seen on its way out. */
const left = new WeakSet<HTMLElement>();

document.addEventListener("focusin", ({ target }) => {
  if (!(target instanceof HTMLElement)) return;
  left.delete(target);
  trail = [...trail.filter((each) => each !== target && each.isConnected), target].slice(-KEPT);
});

const canTake = (place: HTMLElement): boolean => place.isConnected && !left.has(place) && place.checkVisibility({ visibilityProperty: true }) && !place.matches(":disabled");

/** From wherever the focus goes next, the way back to where it is now; to where it was before, if that place is gone by then. */
export function wayBack(): () => void {
  const places = trail.toReversed();
  return () => {
    for (const each of trail) if (!places.includes(each)) left.add(each);
    (places.find(canTake) ?? document.getElementById("content"))?.focus({ preventScroll: true });
  };
}

/** What has opened a dialog or a panel has the focus again once that is closed. Answers with what to call when it is out of sight. */
export function useFocusBack(open: boolean): () => void {
  // Taken while it is drawn: what is inside may have the focus before any effect runs.
  const back = useMemo(() => (open ? wayBack() : undefined), [open]);
  const last = useRef(back);
  useEffect(() => {
    if (back) last.current = back;
    return back;
  }, [back]);
  // antd holds the focus in a dialog that is closed while it still comes in, and loses it with it.
  return () => void requestAnimationFrame(() => document.activeElement === document.body && last.current?.());
}

/** antd's own way back ends at what opened it, be that still there or not. */
export const ownFocus = { focusTriggerAfterClose: false } as const;
