import {defineConfig} from 'vitest/config';

export default defineConfig({
  esbuild: {jsx: 'automatic', jsxImportSource: 'preact'},
  test: {
    // A test of screens asks for jsdom in its first line.
    environment: 'node',
    include: ['tests/**/*.test.{ts,tsx}'],
    // The tester imports our modules itself; outside Vite it cannot read TSX.
    server: {deps: {inline: [/@shopify\/ui-extensions-tester/]}},
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
