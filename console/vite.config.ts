import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` sends API calls: the mock (`npm run mock`) or a running `tongka serve`. */
const api = process.env['TONGKA_API'] ?? 'http://127.0.0.1:4310';

export default defineConfig({
  plugins: [react()],
  server: { port: 4311, proxy: { '/api/': { target: api, changeOrigin: false } } },
  build: {
    target: 'es2022',
    sourcemap: false,
    chunkSizeWarningLimit: 1400,
    modulePreload: { polyfill: false },
  },
  test: { include: ['src/**/*.test.ts', 'mock/**/*.test.ts'], environment: 'node' },
});
