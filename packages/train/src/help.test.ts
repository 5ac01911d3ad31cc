import { helpJson } from "@moonlight-rl/pipeline/testing";
import { expect, it } from "vitest";
import { train } from "./stage.ts";

it("has the help of its schemas written down", async () => {
  await expect(helpJson(train)).toMatchFileSnapshot("../help.json");
});
