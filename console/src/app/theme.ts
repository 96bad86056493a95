import { theme as antd, type ThemeConfig } from "antd";
import { contrast, mix, onFill, palettes, shadow, type Scheme } from "@/shared/palette";

const sans = '-apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const mono = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono CJK SC", monospace';

const statuses = { Primary: "light", Success: "good", Warning: "warn", Error: "bad", Info: "info" } as const;

/** antd derives ten shades of each seed; ours are mixed from the palette instead, so that dark keeps its colours. */
function shades(scheme: Scheme): Record<string, string> {
  const p = palettes[scheme];
  const entries = Object.entries(statuses).flatMap(([name, key]) => {
    const base = p[key];
    return [
      [`color${name}`, base],
      [`color${name}Hover`, mix(p.ink, base, 0.14)],
      [`color${name}Active`, mix(p.ink, base, 0.28)],
      [`color${name}Text`, base],
      [`color${name}TextHover`, mix(p.ink, base, 0.2)],
      [`color${name}TextActive`, mix(p.ink, base, 0.3)],
      [`color${name}Bg`, mix(base, p.surface, 0.07)],
      [`color${name}BgHover`, mix(base, p.surface, 0.12)],
      [`color${name}Border`, mix(base, p.surface, 0.32)],
      [`color${name}BorderHover`, mix(base, p.surface, 0.5)],
    ];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

export function themeFor(scheme: Scheme, still: boolean): ThemeConfig {
  const p = palettes[scheme];
  const raised = scheme === "light" ? p.surface : mix(p.ink, p.surface, 0.03);
  const edge = mix(p.ink, p.line, 0.16);
  const derive = scheme === "light" ? antd.defaultAlgorithm : antd.darkAlgorithm;
  return {
    // antd passes its five seed colours through the algorithm whatever `token` says; the last step puts ours back.
    algorithm: [derive, (_seed, map) => ({ ...(map ?? derive(_seed)), ...shades(scheme) })],
    cssVar: { key: "jixi" },
    token: {
      ...shades(scheme),
      // antd draws the focus with it: a pale shade would not be seen.
      colorPrimaryBorder: p.light,
      lineWidthFocus: 2,
      fontFamily: sans,
      fontFamilyCode: mono,
      fontSize: 14,
      borderRadius: 8,
      borderRadiusSM: 6,
      borderRadiusXS: 4,
      borderRadiusLG: 8,
      controlHeight: 34,
      controlHeightLG: 40,
      controlHeightSM: 28,
      wireframe: false,
      motion: !still,
      motionDurationFast: "0.08s",
      motionDurationMid: "0.12s",
      motionDurationSlow: "0.15s",
      colorText: p.ink,
      colorTextHeading: p.ink,
      colorTextSecondary: p.muted,
      colorTextTertiary: p.muted,
      colorTextQuaternary: p.muted,
      colorTextPlaceholder: p.muted,
      colorTextDescription: p.muted,
      colorTextDisabled: mix(p.muted, p.surface, 0.7),
      colorTextLightSolid: onFill(p.light),
      colorLink: p.light,
      colorLinkHover: mix(p.ink, p.light, 0.25),
      colorLinkActive: mix(p.ink, p.light, 0.35),
      colorBgLayout: p.paper,
      colorBgContainer: p.surface,
      colorBgElevated: raised,
      colorBgSpotlight: scheme === "light" ? p.ink : mix(p.ink, p.surface, 0.16),
      colorBgMask: scheme === "light" ? "rgb(28 29 26 / 22%)" : "rgb(0 0 0 / 50%)",
      colorBorder: edge,
      colorBorderSecondary: p.line,
      colorSplit: p.line,
      colorFill: mix(p.ink, p.surface, 0.14),
      colorFillSecondary: mix(p.ink, p.surface, 0.09),
      colorFillTertiary: mix(p.ink, p.surface, 0.05),
      colorFillQuaternary: mix(p.ink, p.surface, 0.03),
      controlItemBgHover: mix(p.ink, raised, 0.05),
      controlItemBgActive: mix(p.light, raised, 0.12),
      controlItemBgActiveHover: mix(p.light, raised, 0.16),
      controlOutline: mix(p.light, p.surface, 0.22),
      controlOutlineWidth: 3,
      boxShadow: shadow(scheme),
      boxShadowSecondary: shadow(scheme),
      boxShadowTertiary: "none",
    },
    components: {
      Button: { primaryShadow: "none", defaultShadow: "none", dangerShadow: "none", fontWeight: 500 },
      Tooltip: { colorTextLightSolid: tooltipText(scheme), fontSize: 13 },
      Segmented: { trackBg: mix(p.ink, p.paper, 0.06), itemSelectedBg: scheme === "light" ? p.surface : mix(p.ink, p.surface, 0.16), trackPadding: 3 },
      Tabs: { horizontalItemGutter: 24, titleFontSize: 14, horizontalItemPadding: "8px 0 10px" },
      Form: { itemMarginBottom: 20, verticalLabelPadding: "0 0 6px", labelColor: p.ink },
      Drawer: { paddingLG: 20 },
      Slider: { trackBg: mix(p.light, p.surface, 0.4), trackHoverBg: mix(p.light, p.surface, 0.6) },
      Modal: { titleFontSize: 16 },
    },
  };
}

function tooltipText(scheme: Scheme): string {
  const ground = scheme === "light" ? palettes.light.ink : mix(palettes.dark.ink, palettes.dark.surface, 0.16);
  return contrast("#FFFFFF", ground) >= 4.5 ? "#FFFFFF" : palettes.light.ink;
}
