import { Segmented, type SegmentedProps } from "antd";

interface SegmentsProps<Value extends string | number> extends SegmentedProps<Value> {
  /** What is chosen, for those who hear it. */
  "aria-label": string;
}

/** One of a few, all in sight. The keyboard stops here once, at the one that is chosen, and walks with the arrows. */
export function Segments<Value extends string | number>(props: SegmentsProps<Value>) {
  // antd lets the keyboard stop at the frame too, where there is nothing to do.
  return <Segmented {...props} tabIndex={-1} />;
}
