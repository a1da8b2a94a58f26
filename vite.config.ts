import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page, which comes from this very computer, so that its size hardly counts: everything it needs in files of its own, since its policy lets nothing come from elsewhere. */
export default defineConfig({
  root: 'src/web',
  base: '/',
  plugins: [react()],
  worker: { format: 'es' },
  build: { outDir: '../../dist/web', emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 2000 },
});
