import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: ["packages/*", "apps/*", "tools/*"].map((glob) => ({
      test: {
        name: glob.slice(0, -2),
        include: [`${glob}/src/**/*.test.ts`],
        pool: "forks" as const,
        testTimeout: 20_000,
      },
    })),
  },
});
