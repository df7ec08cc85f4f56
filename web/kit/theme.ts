import { createTheme, type CSSVariablesResolver } from "@mantine/core";

/** The blue ledger ink, light to dark; index 7 is the accent in light, 3 in dark. */
const ink = [
  "#E4EDF5",
  "#CBDDEE",
  "#ADCCE9",
  "#8FBCE6",
  "#6C9FCF",
  "#4C82B5",
  "#34679A",
  "#1F4E79",
  "#173B5C",
  "#0E2740",
] as const;

/** Mantine's theme, drawn from tokens.css. */
export const theme = createTheme({
  colors: { accent: ink },
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  fontFamily: "var(--p-sans)",
  fontFamilyMonospace: "var(--p-mono)",
  headings: { fontFamily: "var(--p-sans)", fontWeight: "600" },
  defaultRadius: 2,
  fontSizes: { xs: "12px", sm: "14px", md: "14px", lg: "16px", xl: "18px" },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  respectReducedMotion: true,
  components: {
    Modal: {
      defaultProps: {
        radius: 4,
        centered: true,
        transitionProps: { duration: 120, transition: "fade" },
        closeButtonProps: { "aria-label": "Close" },
      },
    },
    Menu: {
      defaultProps: { shadow: "md", position: "bottom-end", transitionProps: { duration: 120 } },
    },
  },
});

const pointed = {
  "--mantine-color-body": "var(--p-paper)",
  "--mantine-color-text": "var(--p-ink)",
  "--mantine-color-dimmed": "var(--p-muted)",
  "--mantine-color-placeholder": "var(--p-muted)",
  "--mantine-color-anchor": "var(--p-accent)",
  "--mantine-color-error": "var(--p-gap)",
  "--mantine-color-default": "var(--p-raised)",
  "--mantine-color-default-hover": "var(--p-sunken)",
  "--mantine-color-default-color": "var(--p-ink)",
  "--mantine-color-default-border": "var(--p-edge)",
  "--mantine-primary-color-filled": "var(--p-accent)",
  "--mantine-primary-color-contrast": "var(--p-on-accent)",
};

/** Points Mantine's own variables at the tokens, so that no colour is spelled twice. */
export const variables: CSSVariablesResolver = () => ({ variables: {}, light: pointed, dark: pointed });
