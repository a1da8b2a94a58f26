import { defineConfig } from 'vite';

/**
 * The command in a few files: a process that loads hundreds of modules takes a quarter of a second longer to start.
 * Only what is compiled for the machine stays outside.
 */
export default defineConfig({
  ssr: { noExternal: true, external: ['@napi-rs/blake-hash', 'libsql', 'sodium-native', 'udx-native'] },
  build: {
    ssr: 'cli/main.ts',
    outDir: 'dist/bin',
    emptyOutDir: true,
    target: 'node20',
    sourcemap: true,
    rolldownOptions: { output: { entryFileNames: 'chatter.js', chunkFileNames: '[name].js' } },
  },
});
