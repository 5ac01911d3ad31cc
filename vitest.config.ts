import { configDefaults, defineConfig } from "vitest/config";

// Task runners force colours on their children; what our commands print must not depend on who runs the tests.
delete process.env["FORCE_COLOR"];

/** One configuration for the whole repository and for each package alone: vitest finds it from any package folder. */
export default defineConfig({
  test: {
    include: ["**/src/**/*.test.ts"],
    exclude: [...configDefaults.exclude, "**/dist/**", "**/.moonlight/**", "examples/**"],
    pool: "forks",
    // Files share a process and what it has loaded: half the time of all tests was loading the same modules again.
    isolate: false,
    // By default one core is left idle, which is half of a small machine. Task runners run packages side by side already.
    maxWorkers: process.cwd() === import.meta.dirname ? "100%" : 1,
    testTimeout: 40_000,
    hookTimeout: 40_000,
  },
});
