import { cp, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { build, defineConfig, type Plugin } from "vite";

/**
 * Standard fonts and character maps pdf.js asks for while it draws a page. They are served from this
 * origin because the content security policy lets the page talk to nobody else.
 */
function pdfAssets(): Plugin {
  return {
    name: "probity:pdf-assets",
    apply: "build",
    async closeBundle() {
      const from = fileURLToPath(new URL("../node_modules/pdfjs-dist/", import.meta.url));
      const to = fileURLToPath(new URL("./dist/pdf/", import.meta.url));
      await mkdir(to, { recursive: true });
      for (const folder of ["cmaps", "standard_fonts"]) {
        await cp(from + folder, to + folder, { recursive: true });
      }
    },
  };
}

/** The offline verifier as one file that needs nothing but Node, to be downloaded from its page. */
function standAloneVerifier(): Plugin {
  return {
    name: "probity:stand-alone-verifier",
    apply: "build",
    async closeBundle() {
      await build({
        configFile: false,
        logLevel: "warn",
        root: fileURLToPath(new URL("../verify/", import.meta.url)),
        publicDir: false,
        ssr: { noExternal: true },
        build: {
          ssr: "stand-alone.ts",
          outDir: fileURLToPath(new URL("./dist/", import.meta.url)),
          emptyOutDir: false,
          // Somebody will read it before running it.
          minify: false,
          target: "node20",
          rolldownOptions: { output: { entryFileNames: "probity-verify.mjs", codeSplitting: false } },
        },
      });
    },
  };
}

// A build is for production whoever started it: a test runner's NODE_ENV would ship React's development build.
if (process.argv.includes("build")) process.env.NODE_ENV = "production";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react(), pdfAssets(), standAloneVerifier()],
  // The server puts a fresh nonce in place of this word in every response that carries index.html.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    // An inlined font or image would need data: in font-src.
    assetsInlineLimit: 0,
    // The verifier's page talks to nobody, by a policy of its own, and so is a document of its own.
    rolldownOptions: {
      input: ["index.html", "verify.html"].map((name) => fileURLToPath(new URL(name, import.meta.url))),
    },
    // The polyfill is an inline script, which script-src 'self' refuses.
    modulePreload: { polyfill: false },
  },
});
