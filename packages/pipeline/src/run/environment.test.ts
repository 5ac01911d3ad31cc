import { describe, expect, it } from "vitest";
import { currentEnvironment, environmentDifferences, type Environment } from "./environment.ts";

describe("currentEnvironment", () => {
  it("has versions and code of what is reached, and no name of host or user", async () => {
    const found = await currentEnvironment([import.meta.url], {});
    expect(found.versions).toMatchObject({
      node: process.versions.node,
      "@moonlight-rl/core": expect.any(String),
      zod: expect.any(String),
    });
    expect(found.code?.["@moonlight-rl/core"]).toMatch(/^[0-9a-f]{64}$/);
    expect(found.host).not.toHaveProperty("name");
    expect(found.host.memory).toBeGreaterThan(1e6);
  });
});

describe("environmentDifferences", () => {
  const base: Environment = {
    versions: { node: "20.1.0", "onnxruntime-node": "1.0.0" },
    code: { "@moonlight-rl/core": "a", zod: "4" },
    host: { platform: "linux", arch: "x64", cpus: 2 },
    git: { commit: "abc", dirty: false },
  };

  it("names each fact that differs", () => {
    const now: Environment = {
      versions: { node: "22.0.0", zod: "4.1.0" },
      code: { "@moonlight-rl/core": "b", zod: "5" },
      host: { platform: "linux", arch: "arm64", cpus: 2, memory: 5 },
      git: { commit: "abc", dirty: true },
    };
    expect(environmentDifferences(base, now)).toEqual([
      { what: "node", before: "20.1.0", now: "22.0.0" },
      { what: "package onnxruntime-node", before: "1.0.0", now: undefined },
      { what: "package zod", before: undefined, now: "4.1.0" },
      { what: "code of @moonlight-rl/core", before: "a", now: "b" },
      { what: "git dirty", before: "false", now: "true" },
      { what: "host arch", before: "x64", now: "arm64" },
    ]);
  });

  it("finds nothing where records of an older version say nothing", () => {
    const { code: _, git: __, ...older } = base;
    expect(environmentDifferences(older, base)).toEqual([]);
  });
});
