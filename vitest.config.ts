import { configDefaults, defineConfig } from "vitest/config";

/** One configuration for the whole repository and for each package alone: vitest finds it from any package folder. */
export default defineConfig({
  test: {
    include: ["**/src/**/*.test.ts"],
    exclude: [...configDefaults.exclude, "**/dist/**", "**/.moonlight/**"],
    pool: "forks",
    testTimeout: 20_000,
  },
});
