import { createContext, useContext, type ReactNode } from "react";

type Depth = 2 | 3 | 4;
const Depths = createContext<Depth>(2);

/** A heading one step below the one that it stands under: the same part of a page may stand in a panel too. */
export function Heading({ className, children }: { className?: string | undefined; children: ReactNode }) {
  const Tag = `h${useContext(Depths)}` as const;
  return <Tag className={className}>{children}</Tag>;
}

/** What stands under a heading of its own. */
export function Under({ depth, children }: { depth?: Depth; children: ReactNode }) {
  const above = useContext(Depths);
  return <Depths value={depth ?? (above === 2 ? 3 : 4)}>{children}</Depths>;
}
