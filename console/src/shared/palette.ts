/** The colours of the house (CONSOLE.md). The only place where a colour is written down. */
export interface Palette {
  paper: string;
  surface: string;
  ink: string;
  muted: string;
  line: string;
  light: string;
  good: string;
  warn: string;
  bad: string;
  info: string;
}

export type Scheme = "light" | "dark";

export const palettes: Record<Scheme, Palette> = {
  light: {
    paper: "#FBFAF7",
    surface: "#FFFFFF",
    ink: "#1C1D1A",
    muted: "#6B6C66",
    line: "#E7E4DC",
    light: "#96610F",
    good: "#2F7D5B",
    warn: "#A85608",
    bad: "#B3362B",
    info: "#2F6690",
  },
  dark: {
    paper: "#12130F",
    surface: "#1A1B17",
    ink: "#ECEAE3",
    muted: "#9C9B93",
    line: "#2C2D28",
    light: "#E0A94A",
    good: "#5DBB8E",
    warn: "#E39A4B",
    bad: "#E5766B",
    info: "#6FA8D6",
  },
};

const channels = (hex: string): [number, number, number] => [
  Number.parseInt(hex.slice(1, 3), 16),
  Number.parseInt(hex.slice(3, 5), 16),
  Number.parseInt(hex.slice(5, 7), 16),
];

/** `share` of `over` laid on `under`: mix("#000000", "#FFFFFF", 0.25) is a light grey. */
export function mix(over: string, under: string, share: number): string {
  const [a, b] = [channels(over), channels(under)];
  const part = (i: 0 | 1 | 2) => Math.round(a[i] * share + b[i] * (1 - share));
  return `#${([0, 1, 2] as const).map((i) => part(i).toString(16).padStart(2, "0")).join("")}`.toUpperCase();
}

function luminance(hex: string): number {
  const [r, g, b] = channels(hex).map((value) => {
    const c = value / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The WCAG contrast of two colours, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Text that reads on a filled patch of `fill`. */
export function onFill(fill: string): string {
  return contrast("#FFFFFF", fill) >= 4.5 ? "#FFFFFF" : palettes.dark.paper;
}

/** What style sheets may use: the palette as `--jx-*`, with the few shades that are mixed from it. */
export function cssVariables(scheme: Scheme): Record<string, string> {
  const p = palettes[scheme];
  return {
    ...Object.fromEntries(Object.entries(p).map(([name, value]) => [`--jx-${name}`, value])),
    "--jx-hover": mix(p.ink, p.paper, 0.05),
    "--jx-pressed": mix(p.ink, p.paper, 0.09),
    "--jx-sunken": mix(p.ink, p.surface, scheme === "light" ? 0.03 : 0.04),
    "--jx-edge": mix(p.ink, p.line, 0.16),
    "--jx-glow": mix(p.light, p.surface, 0.1),
    "--jx-on-light": onFill(p.light),
    "--jx-shadow": shadow(scheme),
  };
}

/** The one shadow. */
export function shadow(scheme: Scheme): string {
  return scheme === "light"
    ? "0 1px 2px rgb(28 29 26 / 6%), 0 12px 32px -8px rgb(28 29 26 / 18%)"
    : "0 1px 2px rgb(0 0 0 / 40%), 0 12px 32px -8px rgb(0 0 0 / 60%)";
}
