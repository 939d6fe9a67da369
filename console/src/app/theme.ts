/** Design tokens, light and dark. Every text colour here is checked for contrast by the browser tests (axe). */
import { theme as antd, type ThemeConfig } from 'antd';
import type { ThemeMode } from './display';

const FONT =
  "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";
export const MONO = "ui-monospace, 'SF Mono', 'Cascadia Mono', Consolas, 'Noto Sans Mono', 'DejaVu Sans Mono', monospace";

const shared = {
  fontFamily: FONT,
  fontFamilyCode: MONO,
  fontSize: 13,
  borderRadius: 4,
  controlHeight: 30,
  wireframe: false,
  motionDurationMid: '0.1s',
  motionDurationSlow: '0.15s',
  // Who asked the system for less motion gets none.
  motion: !matchMedia('(prefers-reduced-motion: reduce)').matches,
};

const light: ThemeConfig = {
  token: {
    ...shared,
    colorPrimary: '#1d4f91',
    colorInfo: '#1d4f91',
    colorLink: '#1d4f91',
    colorSuccess: '#17774a',
    colorWarning: '#a15c00',
    colorError: '#bf2f2b',
    colorTextBase: '#17202c',
    colorTextSecondary: '#4d5866',
    colorTextTertiary: '#5b6674',
    colorTextQuaternary: '#687280',
    colorTextDescription: '#4d5866',
    colorTextPlaceholder: '#687280',
    colorBgLayout: '#f3f5f8',
    colorBorder: '#cfd6df',
    colorBorderSecondary: '#e4e8ee',
    colorSplit: '#e8ecf1',
    colorFillAlter: '#f6f8fa',
    colorPrimaryBg: '#e8f0fa',
    colorPrimaryBgHover: '#d5e3f5',
    colorInfoBg: '#ebf2fb',
    colorInfoBorder: '#bfd4ef',
    colorSuccessBg: '#ebf7f0',
    colorSuccessBorder: '#b7e0ca',
    colorWarningBg: '#fdf5e6',
    colorWarningBorder: '#f0d5a5',
    colorErrorBg: '#fdf0ef',
    colorErrorBorder: '#f3c8c6',
    controlItemBgActive: '#e6eef9',
    controlItemBgHover: '#f1f5fa',
  },
  components: {
    Layout: { siderBg: '#ffffff', headerBg: '#ffffff', headerHeight: 48, bodyBg: '#f3f5f8' },
    Menu: { itemBg: '#ffffff', subMenuItemBg: '#ffffff', itemSelectedBg: '#e6eef9', itemSelectedColor: '#173f75', subMenuItemSelectedColor: '#1d4f91' },
    Table: { headerBg: '#f3f6f9', headerColor: '#3d4855', rowHoverBg: '#f3f7fc' },
  },
};

const dark: ThemeConfig = {
  algorithm: antd.darkAlgorithm,
  token: {
    ...shared,
    colorPrimary: '#2f6fca',
    colorInfo: '#4d8fe6',
    colorLink: '#82b6ff',
    colorSuccess: '#4cbf86',
    colorWarning: '#e0a13c',
    colorError: '#f0706b',
    colorTextBase: '#e6ebf2',
    colorTextSecondary: '#aeb8c5',
    colorTextTertiary: '#a0abb9',
    colorTextQuaternary: '#94a0af',
    colorTextDescription: '#aeb8c5',
    colorTextPlaceholder: '#8d99a8',
    colorBgBase: '#10161e',
    colorBgLayout: '#0c1117',
    colorBgContainer: '#151c25',
    colorBgElevated: '#1b2430',
    colorBorder: '#364252',
    colorBorderSecondary: '#263040',
    colorSplit: '#222c39',
    colorFillAlter: '#1a222d',
    colorInfoBg: '#15283f',
    colorInfoBorder: '#28466b',
    colorSuccessBg: '#132b20',
    colorSuccessBorder: '#245a41',
    colorWarningBg: '#30250f',
    colorWarningBorder: '#5c471d',
    colorErrorBg: '#33191a',
    colorErrorBorder: '#6a302f',
    controlItemBgActive: '#1f3a5f',
    controlItemBgHover: '#1d2936',
  },
  components: {
    Layout: { siderBg: '#121922', headerBg: '#121922', headerHeight: 48, bodyBg: '#0c1117' },
    Menu: { itemBg: '#121922', subMenuItemBg: '#121922', itemSelectedBg: '#1f3a5f', itemSelectedColor: '#d6e7ff', subMenuItemSelectedColor: '#82b6ff' },
    Table: { headerBg: '#1a232e', headerColor: '#c3ccd8', rowHoverBg: '#1b2633' },
    Button: { primaryShadow: 'none' },
  },
};

const components: ThemeConfig['components'] = {
  Table: { cellPaddingBlockSM: 5, cellPaddingInlineSM: 8, cellPaddingBlockMD: 8, cellPaddingInlineMD: 10, headerBorderRadius: 0 },
  Menu: { itemHeight: 32, itemMarginBlock: 1, itemMarginInline: 6, itemBorderRadius: 4, iconSize: 15, collapsedWidth: 52 },
  Form: { itemMarginBottom: 16, verticalLabelPadding: '0 0 4px' },
  Descriptions: { itemPaddingBottom: 8 },
  Card: { headerHeightSM: 36, bodyPaddingSM: 12, headerPaddingSM: 12 },
  Button: { primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none' },
};

export function themeOf(mode: ThemeMode): ThemeConfig {
  const base = mode === 'dark' ? dark : light;
  const merged: ThemeConfig['components'] = { ...components };
  for (const [name, tokens] of Object.entries(base.components ?? {})) {
    const key = name as keyof typeof merged;
    Object.assign(merged, { [key]: { ...merged[key], ...tokens } });
  }
  return { ...base, cssVar: { key: 'tongka', prefix: 'tk' }, hashed: false, components: merged };
}

/** Colours of verdicts in charts and bars: told apart also by order and label, never by colour alone. */
export const VERDICT_COLOURS: Record<ThemeMode, Record<string, string>> = {
  light: { A: '#2f7fd0', R: '#bf2f2b', S: '#d98a1c', D: '#8a94a3', T: '#7a5bb5' },
  dark: { A: '#4d98ea', R: '#ef6b66', S: '#e6a540', D: '#8b97a8', T: '#a58be0' },
};
