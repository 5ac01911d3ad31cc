import { helpJson } from "@moonlight-rl/pipeline/testing";
import { expect, it } from "vitest";
import { rolloutConfig } from "./stage.ts";

it("has the help of its schemas written down", async () => {
  await expect(helpJson(rolloutConfig)).toMatchFileSnapshot("../help.json");
});
